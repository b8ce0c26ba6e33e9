"""Save Concept."""

from __future__ import annotations

from comfy_api.latest import io, ui

from ..bridge.concept.file import save_to_output
from ..bridge.host.sockets import ConceptSocket


class MVCustomSaveConcept(io.ComfyNode):
    """A learned concept, kept as one file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomSaveConcept",
            display_name="Save Concept",
            category="MVCustom",
            description="Writes a concept to one safetensors file under output/mvcustom, where Load Concept finds it. Never overwrites.",
            search_aliases=["export concept", "safetensors", "customdiffusion360"],
            is_output_node=True,
            inputs=[
                ConceptSocket.Input("concept", tooltip="From Learn Concept or Load Concept."),
                io.String.Input("filename_prefix", default="concept", tooltip="Under output/mvcustom; a number follows. May hold folders."),
                io.String.Input("licence", default="", tooltip="Under which others may use it, such as CC BY 4.0. Stored in the file."),
                io.Image.Input(
                    "thumbnail",
                    optional=True,
                    tooltip="The first picture is made small and stored in the file: choose one that you may share.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, concept, filename_prefix: str, licence: str, thumbnail=None) -> io.NodeOutput:  # noqa: ANN001
        return io.NodeOutput(ui=ui.PreviewImage(save_to_output(concept, filename_prefix, licence, thumbnail), cls=cls))
