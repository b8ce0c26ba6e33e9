"""The front door: ComfyUI finds `comfy_entrypoint` and `WEB_DIRECTORY` here. Without ComfyUI this file defines nothing else."""

from __future__ import annotations

from importlib.util import find_spec

WEB_DIRECTORY = "./web"

if find_spec("comfy_api"):
    from comfy_api.v0_0_2 import ComfyExtension, io

    class MVCustomExtension(ComfyExtension):
        """The pack as ComfyUI sees it. The rooms behind the door are opened when ComfyUI asks for them, not on import."""

        async def on_load(self) -> None:
            from .nodes.bridge.host.folders import register_folders
            from .nodes.bridge.photographs.routes import register_routes

            register_folders()
            register_routes()

        async def get_node_list(self) -> list[type[io.ComfyNode]]:
            from .nodes.catalogue import NODES

            return list(NODES)

    async def comfy_entrypoint() -> MVCustomExtension:
        """What ComfyUI calls once at its start."""
        return MVCustomExtension()
