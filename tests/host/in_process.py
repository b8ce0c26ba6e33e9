"""ComfyUI inside the test process: entered once, before anything imports it; and a prompt executed without a server."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from mvcustom.devtools.comfyui import BASE_FOLDERS

# core's nodes outside nodes.py that the tests use
CORE_EXTRAS = (
    "nodes_custom_sampler", "nodes_dataset", "nodes_depth_anything_3", "nodes_hooks", "nodes_images", "nodes_mask", "nodes_model_advanced",
    "nodes_moge", "nodes_preview_any", "nodes_video",
)  # fmt: skip
MEMORY_MODES = ("default", "legacy", "dynamic")


def enter_comfyui(comfyui: Path, on_gpu: bool, memory: str = "legacy") -> None:
    """Make ComfyUI importable. It settles its device while it is imported, so the choice is made here; a second call changes nothing.

    Args:
        memory: how ComfyUI moves weights to a GPU: one of `MEMORY_MODES`. default: dynamic memory where it works, as ComfyUI's main.py.

    Raises:
        RuntimeError: dynamic memory is asked for and does not work here.
    """
    if str(comfyui) in sys.path:
        return
    sys.path.insert(0, str(comfyui))
    import comfy.options

    comfy.options.enable_args_parsing(False)
    from comfy.cli_args import args

    args.cpu = not on_gpu
    args.use_pytorch_cross_attention = True
    args.base_directory = tempfile.mkdtemp(prefix="mvcustom_tests_")  # no models, inputs or settings of whoever runs the tests
    atexit.register(shutil.rmtree, args.base_directory, ignore_errors=True)
    for folder in BASE_FOLDERS:
        Path(args.base_directory, folder).mkdir(parents=True)
    if on_gpu and memory != "legacy" and not _enable_dynamic_memory() and memory == "dynamic":
        raise RuntimeError("dynamic memory: wanted an NVIDIA GPU and a working comfy-aimdo, got none; use legacy memory")


def _enable_dynamic_memory() -> bool:
    """What ComfyUI's main.py does, which tests do not run. Whether it works here."""
    import comfy_aimdo.control

    if not comfy_aimdo.control.init():
        return False
    import comfy.memory_management
    import comfy.model_management
    import comfy.model_patcher

    devices = comfy.model_management.get_all_torch_devices()
    if not comfy.model_management.is_nvidia() or not comfy_aimdo.control.init_devices(device.index for device in devices):
        return False
    comfy.model_patcher.CoreModelPatcher = comfy.model_patcher.ModelPatcherDynamic
    comfy.memory_management.aimdo_enabled = True
    return True


class ComfyInProcess:
    """ComfyUI's `nodes` and `folder_paths` modules, with the pack registered in them."""

    def __init__(self) -> None:
        import folder_paths

        import nodes

        self.nodes: ModuleType = nodes
        self.folder_paths: ModuleType = folder_paths
        for extra in CORE_EXTRAS:
            path = Path(nodes.__file__).parent / "comfy_extras" / f"{extra}.py"
            assert asyncio.run(nodes.load_custom_node(str(path), module_parent="comfy_extras"))
        self._register_pack()

    def _register_pack(self) -> None:
        """What ComfyUI does with the pack's extension, but with the modules that the tests import, so that classes are the same objects."""
        from mvcustom.nodes.bridge.host.folders import register_folders
        from mvcustom.nodes.catalogue import NODES

        register_folders()
        for node in NODES:
            self.nodes.NODE_CLASS_MAPPINGS[node.GET_SCHEMA().node_id] = node

    def make_executor(self, cache: str = "CLASSIC", lru: int = 0) -> Any:
        """An executor, which keeps outputs from one prompt to the next as one of ComfyUI's caches does."""
        import execution

        sizes = {"lru": lru, "ram": 0.0, "ram_inactive": 0.0}
        return execution.PromptExecutor(_SilentServer(), cache_type=execution.CacheType[cache], cache_args=sizes)

    def run(self, prompt: dict[str, Any], executor: Any = None) -> dict[str, Any]:
        """Validate and execute an API-format prompt as ComfyUI's worker does, and return the outputs by node.

        Args:
            executor: from `make_executor`; None: a new one.

        Raises:
            ValueError: the prompt does not validate.
            RuntimeError: a node fails.
        """
        import execution

        valid, error, targets, node_errors = asyncio.run(execution.validate_prompt("test", prompt, None))
        if not valid or node_errors:
            raise ValueError(f"{error} {node_errors}")
        executor = executor or self.make_executor()
        executor.execute(prompt, "test", {"client_id": "test"}, targets)
        for name, data in executor.status_messages:
            if name == "execution_error":
                raise RuntimeError(f"{data['node_type']}: {data['exception_message']}\n{''.join(data['traceback'])}")
        return executor.history_result["outputs"]


class _SilentServer:
    """As much of a server as the executor asks for."""

    client_id = "test"
    last_node_id = None
    last_prompt_id = None
    sockets_metadata: dict[str, Any] = {}

    def send_sync(self, event: str, data: Any, sid: str | None = None) -> None:
        """Nobody listens."""
