"""Save Concept: the node that writes a concept file."""

from __future__ import annotations

from comfy_api.v0_0_2 import io, ui

from ..bridge.concept.file import save_to_output
from ..bridge.host.sockets import ConceptSocket


class MVCustomSaveConcept(io.ComfyNode):
    """Write a concept to one safetensors file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomSaveConcept",
            display_name="Save Concept",
            category="MVCustom/concept",
            description="Writes a concept to one safetensors file in output/mvcustom, where Load Concept finds it. Existing files are "
            "kept.",
            search_aliases=["export concept", "safetensors", "customdiffusion360"],
            is_output_node=True,
            inputs=[
                ConceptSocket.Input("concept", tooltip="The concept from Learn Concept or Load Concept."),
                io.String.Input(
                    "filename_prefix",
                    default="concept",
                    tooltip="File name inside output/mvcustom; a number is appended. It may contain folders, as in toys/bear.",
                ),
                io.String.Input(
                    "licence",
                    default="",
                    tooltip="Licence of the concept, for example CC BY 4.0; it is stored in the file. Empty keeps the licence that the "
                    "concept already has.",
                ),
                io.Image.Input(
                    "thumbnail",
                    optional=True,
                    tooltip="A picture to store in the file, reduced to 256 pixels; only the first of a batch is used. Choose one that "
                    "you may share. Not connected: the concept keeps its own.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, concept, filename_prefix: str, licence: str, thumbnail=None) -> io.NodeOutput:  # noqa: ANN001
        return io.NodeOutput(ui=ui.PreviewImage(save_to_output(concept, filename_prefix, licence, thumbnail), cls=cls))
