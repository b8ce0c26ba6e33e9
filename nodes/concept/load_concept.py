"""Load Concept: the node that reads a concept file."""

from __future__ import annotations

from comfy_api.v0_0_2 import io

from ..bridge.concept.file import list_concepts, load_from_folders, stamp_file
from ..bridge.host.sockets import ConceptSocket


class MVCustomLoadConcept(io.ComfyNode):
    """Read a concept that Save Concept wrote."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="MVCustomLoadConcept",
            display_name="Load Concept",
            category="MVCustom/concept",
            description="Loads a concept file that Save Concept wrote, from models/mvcustom or output/mvcustom.",
            search_aliases=["import concept", "safetensors", "customdiffusion360", "subject", "personalization"],
            inputs=[
                io.Combo.Input(
                    "concept_file",
                    options=list_concepts(),
                    tooltip="A concept file in models/mvcustom or output/mvcustom. If both have a file of that name, the one in models is "
                    "read.",
                ),
            ],
            outputs=[
                ConceptSocket.Output(
                    display_name="concept",
                    tooltip="The concept. Apply it to the backbone it was learned on, or to another checkpoint of that architecture.",
                ),
                io.Image.Output(display_name="thumbnail", tooltip="The small picture stored in the file."),
                io.String.Output(
                    display_name="report",
                    tooltip="Token, backbone, training steps and losses, licence, and what the file holds of the photographs.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, concept_file: str | None) -> str | None:
        return None if concept_file is None else stamp_file(concept_file)  # None: it comes from another node

    @classmethod
    def execute(cls, concept_file: str) -> io.NodeOutput:
        return io.NodeOutput(*load_from_folders(concept_file))
