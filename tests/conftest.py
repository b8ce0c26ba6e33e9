"""Names the pack `mvcustom` for the tests, sorts the tests into tiers, and lends them ComfyUI: in the process, or as a server.

The tier of a test follows from its folder (see the markers in pyproject.toml). `-m gpu`, or an expression that begins so, puts ComfyUI on
CUDA; in every other run it is held on the CPU. How ComfyUI moves weights to the GPU holds for the whole process, so that `--comfy-memory
legacy` and `--comfy-memory dynamic` are two runs; without the option it is what ComfyUI itself chooses on this machine. The repository root
is kept off sys.path, where `nodes/` would hide ComfyUI's own module of that name.
"""

from __future__ import annotations

import gc
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # for tensors as small as these, threads cost more than they give

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
pack = types.ModuleType("mvcustom")
pack.__path__ = [str(ROOT)]
sys.modules["mvcustom"] = pack

from mvcustom.devtools.comfyui import locate_comfyui, prepare_base, server_command  # noqa: E402
from mvcustom.devtools.server import ComfyServer  # noqa: E402
from mvcustom.tests.host.in_process import MEMORY_MODES, ComfyInProcess, enter_comfyui  # noqa: E402

TIER_OF_FOLDER = {"bridge_layer": "bridge", "node_layer": "bridge", "browser": "browser", "gpu": "gpu"}
IN_PROCESS_TIERS = {"bridge", "gpu"}
ORDER = ("browser", "server", "bridge", "core", "gpu")  # long files first: short ones even out what two processes have left to do


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "with -m gpu: ComfyUI's memory management, dynamic (DynamicVRAM) or legacy; default: the one that ComfyUI chooses here"
    parser.addoption("--comfy-memory", choices=MEMORY_MODES, default="default", help=help_text)


def _find_tier(path: Path) -> str:
    return TIER_OF_FOLDER.get(path.relative_to(ROOT / "tests").parts[0], "core")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Test modules of the in-process tiers import ComfyUI at their top, so it is entered before the first of them is collected."""
    if file_path.name.startswith("test_") and file_path.suffix == ".py" and _find_tier(file_path) in IN_PROCESS_TIERS:
        _enter_comfyui(parent.config)


def _enter_comfyui(config: pytest.Config) -> None:
    import torch  # after the number of threads is settled

    on_gpu = config.getoption("markexpr").startswith("gpu") and torch.cuda.is_available()
    try:
        enter_comfyui(locate_comfyui(), on_gpu=on_gpu, memory=config.getoption("comfy_memory"))
    except (FileNotFoundError, RuntimeError) as missing:
        raise pytest.UsageError(str(missing)) from None


def pytest_report_header(config: pytest.Config) -> str:
    return f"ComfyUI's memory on a GPU: {config.getoption('comfy_memory')}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadfile` divides as the module says; None is xdist's own way."""
    from mvcustom.tests.distribution import DivisionByFile  # of xdist, which only asks where it is installed

    return DivisionByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place: dict[Path, int] = {}
    for item in items:
        tier = _find_tier(item.path)
        if tier == "core" and "comfy" in item.fixturenames:
            tier = "bridge"
        if tier in ("core", "bridge") and "comfy_server" in item.fixturenames:
            tier = "server"
        item.add_marker(tier)
        place[item.path] = min(ORDER.index(tier), place.get(item.path, len(ORDER)))
    items.sort(key=lambda item: place[item.path])


@pytest.fixture(scope="session")
def comfy(pytestconfig: pytest.Config) -> ComfyInProcess:
    """ComfyUI inside this process, with the pack's nodes registered and a base directory of its own."""
    _enter_comfyui(pytestconfig)
    return ComfyInProcess()


@pytest.fixture(scope="session")
def comfy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """A real ComfyUI server with this checkout mounted, on a free port and a base directory of its own."""
    comfyui = locate_comfyui()
    base = prepare_base(tmp_path_factory.mktemp("comfy_server"), comfyui)
    with ComfyServer(server_command(Path(sys.executable), comfyui, base), comfyui, base / "server.log") as server:
        yield server


@pytest.fixture
def quick_collection() -> Iterator[None]:
    """`gc.collect` goes through what a test makes, and not through all of torch and ComfyUI, which takes half a second."""
    gc.freeze()
    yield
    gc.unfreeze()
