"""Load MVGD: the node that reads a network that renders views and depth from posed pictures."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.host.sockets import MVGDSocket
from ..bridge.views.model import list_networks, load_network, stamp_network


class MVCustomLoadMVGD(io.ComfyNode):
    """Read an MVGD network."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadMVGD",
            display_name="Load MVGD",
            category="MVCustom/views",
            description="Loads an MVGD network, which renders colour and depth at any camera from a few posed pictures, from "
            "models/mvcustom_mvgd. No trained weights of the paper are public; the embedded network knows procedural scenes alone.",
            search_aliases=["novel view synthesis", "multi-view geometric diffusion", "depth", "rays"],
            inputs=[
                io.Combo.Input(
                    "mvgd_file",
                    options=list_networks(),
                    tooltip="A file of an MVGD network in models/mvcustom_mvgd, or the embedded network, which renders 32 pixels and knows "
                    "only the procedural scenes of this pack.",
                ),
            ],
            outputs=[
                MVGDSocket.Output(display_name="mvgd", tooltip="The network. Connect it to Render Views (MVGD)."),
                io.String.Output(
                    display_name="report", tooltip="Size of the network, what it was trained on, its licence and its held-out figures."
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, mvgd_file: str | None) -> str | None:
        return None if mvgd_file is None else stamp_network(mvgd_file)  # None: it comes from another node

    @classmethod
    def execute(cls, mvgd_file: str) -> io.NodeOutput:
        return io.NodeOutput(*load_network(mvgd_file))
