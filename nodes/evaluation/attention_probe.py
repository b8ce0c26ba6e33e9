"""MVCustom Attention Probe: the node that measures whether motion modules look at the same surface point in other views."""

from __future__ import annotations

import json

from comfy_api.latest import io, ui

from ..bridge.evaluation.probe import BEST, ProbeInputs, Query, probe_views
from ..bridge.host.sockets import CamerasSocket, DepthSocket
from ..bridge.host.tensors import check_images, images_to_comfy


class MVCustomAttentionProbe(io.ComfyNode):
    """Judge every motion module of a MODEL on views whose cameras are known."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomAttentionProbe",
            display_name="MVCustom Attention Probe",
            category="MVCustom",
            description="Measures whether motion modules know geometry: how often the strongest key of a query in another view shows the "
            "same surface point. It runs one step of the model on noised views.",
            search_aliases=["cameo", "correspondence", "attention map", "heat map", "motion module"],
            inputs=[
                io.Model.Input("model", tooltip="A model with MVCustom motion modules, from Load MVCustom Backbone. It is not changed."),
                io.Conditioning.Input("positive", tooltip="The prompt of the views."),
                io.Vae.Input("vae", tooltip="The VAE of the same checkpoint. It encodes the views."),
                io.Image.Input("views", tooltip="At least two views of one scene, in order: photographs or generated views."),
                CamerasSocket.Input("cameras", tooltip="One camera for each view."),
                io.Int.Input(
                    "timestep",
                    default=300,
                    min=0,
                    max=999,
                    tooltip="How much noise is added to the views: 0 is none, 999 nearly nothing else. 300 is a middle level.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**63 - 1,
                    control_after_generate=False,
                    tooltip="Seed of the noise and of the queries that are judged.",
                ),
                DepthSocket.Input(
                    "depth",
                    optional=True,
                    tooltip="Optional: the depth of one or more of the views, from Estimate Anchor Depth. It tells where the views show "
                    "the same surface. Not connected: features of the views are matched, which needs the optional package pycolmap, 4.2 "
                    "or newer.",
                ),
                io.Int.Input(
                    "query_view",
                    default=0,
                    min=0,
                    max=4096,
                    optional=True,
                    tooltip="Number of the view, counted from 0, whose query the picture shows.",
                ),
                io.Float.Input(
                    "query_x",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="Where the query lies in its view: 0 is the left edge, 1 the right edge.",
                ),
                io.Float.Input(
                    "query_y",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="Where the query lies in its view: 0 is the upper edge, 1 the lower edge.",
                ),
                io.String.Input(
                    "module",
                    default=BEST,
                    optional=True,
                    advanced=True,
                    tooltip="The motion module that the picture shows, by its name in the report. best: the one whose best head is "
                    "farthest above chance.",
                ),
            ],
            outputs=[
                io.String.Output(
                    display_name="report",
                    tooltip="A line for every motion module: how often the mean of its heads is right, how often its best head is, and "
                    "how often a blind choice would be.",
                ),
                io.String.Output(display_name="table", tooltip="The same as JSON, with the figure of every head."),
                io.Image.Output(
                    display_name="picture",
                    tooltip="The views with one query and the places that show the same surface point, and below them where the query "
                    "looks.",
                ),
            ],
        )

    @classmethod
    def execute(  # noqa: PLR0913
        cls,
        model,  # noqa: ANN001
        positive,  # noqa: ANN001
        vae,  # noqa: ANN001
        views,  # noqa: ANN001
        cameras,  # noqa: ANN001
        timestep: int,
        seed: int,
        depth=(),  # noqa: ANN001
        query_view: int = 0,
        query_x: float = 0.5,
        query_y: float = 0.5,
        module: str = BEST,
    ) -> io.NodeOutput:
        query = Query(query_view, query_x, query_y)
        inputs = ProbeInputs(model, positive, vae, check_images(views, "views"), cameras, depth, timestep, seed, query, module)
        probed = probe_views(inputs)
        picture = images_to_comfy(probed.picture[None])
        return io.NodeOutput(probed.report, json.dumps(probed.rows, indent=1), picture, ui=ui.PreviewImage(picture, cls=cls))
