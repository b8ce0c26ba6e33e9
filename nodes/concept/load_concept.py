"""Load Concept."""

from __future__ import annotations

from comfy_api.latest import io

from ..bridge.concept.file import list_concepts, load_from_folders, stamp_file
from ..bridge.host.sockets import ConceptSocket


class MVCustomLoadConcept(io.ComfyNode):
    """A learned concept from its file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadConcept",
            display_name="Load Concept",
            category="MVCustom",
            description="Loads a concept that Save Concept wrote, from models/mvcustom or output/mvcustom.",
            search_aliases=["import concept", "safetensors", "customdiffusion360"],
            inputs=[
                io.Combo.Input("concept_file", options=list_concepts(), tooltip="A file of models/mvcustom or output/mvcustom."),
            ],
            outputs=[
                ConceptSocket.Output(display_name="concept", tooltip="For Apply Concept, on a backbone of the same shape."),
                io.Image.Output(display_name="thumbnail", tooltip="The picture in the file."),
                io.String.Output(display_name="report", tooltip="Token, backbone, training, licence, and what the file holds."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, concept_file: str) -> str:
        return stamp_file(concept_file)

    @classmethod
    def execute(cls, concept_file: str) -> io.NodeOutput:
        return io.NodeOutput(*load_from_folders(concept_file))
