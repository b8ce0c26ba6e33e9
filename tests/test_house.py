"""Rules for the source code: allowed imports between layers and folders, sizes of files and folders, and calls that are forbidden.

Every rule is also tested on a short source that breaks it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted([ROOT / "__init__.py", *(ROOT / "nodes").rglob("*.py"), *(ROOT / "mvcustom_core").rglob("*.py")])
BESIDE = sorted([ROOT / "dev.py", *(file for room in ("devtools", "training", "benchmarks") for file in (ROOT / room).rglob("*.py"))])

MAX_LINES = 300
MAX_FILES = 13  # in a folder, with __init__.py: as many names as are taken in at a glance
# Room -> the rooms of the pack that it may import. A file belongs to the longest room that begins its path.
MAY_IMPORT = {
    "": ("nodes",),
    "nodes": ("nodes", "mvcustom_core"),
    "nodes/bridge": ("nodes/bridge", "mvcustom_core"),
    "mvcustom_core": ("mvcustom_core",),
    "mvcustom_core/camera": ("mvcustom_core/camera", "mvcustom_core/shapes", "mvcustom_core/progress"),
}
# The subjects of the core from the ground up: each may import those of the levels below it.
LEVELS = (
    {"shapes", "progress"},
    {"diffusion", "camera", "psnr"},
    {"path", "capture", "surface", "concept"},
    {"rendering", "backbone", "evaluation", "embedded"},
    {"anchor", "plot", "cameo", "mvgd", "gld"},
)
COMFY_API = {"comfy_api"}
COMFY = {"comfy", "comfy_execution", "comfy_extras", "execution", "folder_paths", "latent_preview", "node_helpers", "nodes", "server"}
HOST_ALLOWED = {"": COMFY_API, "nodes": COMFY_API, "nodes/bridge": COMFY | COMFY_API, "mvcustom_core": set()}
PACK_ROOMS = {"mvcustom", "mvcustom_core", "nodes"}
FORBIDDEN_CALLS = {"print", "exec", "eval"}
FORBIDDEN_MODULES = {"subprocess"}
FORBIDDEN_FUNCTIONS = {"os.system", "pickle.load", "pickle.loads"}


def find_room(path: str, rooms: dict[str, object]) -> str:
    """The longest key of `rooms` (folders) that contains the file or folder at `path`, relative to the root."""
    return max((room for room in rooms if room == "" or path == room or path.startswith(room + "/")), key=len)


def walk_imports(path: str, tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield ("pack", imported path) for every relative import, and ("host", dotted name) for every absolute one."""
    folder = PurePosixPath(path).parent
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (("host", alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield "host", node.module or ""
        elif isinstance(node, ast.ImportFrom):
            above = folder.parts[: len(folder.parts) - (node.level - 1)]
            module = (node.module or "").split(".") if node.module else []
            names = [alias.name for alias in node.names] if not module else [""]
            yield from (("pack", "/".join(part for part in (*above, *module, name) if part)) for name in names)


def find_import_faults(path: str, source: str) -> Iterator[str]:
    """Yield imports that break the direction between the layers: `__init__`, nodes, bridge, core."""
    allowed = MAY_IMPORT[find_room(path, MAY_IMPORT)]
    host_allowed = HOST_ALLOWED[find_room(path, HOST_ALLOWED)]
    for kind, target in walk_imports(path, ast.parse(source)):
        top = target.partition(".")[0]
        if kind == "pack" and not any(target == room or target.startswith(room + "/") for room in allowed):
            yield f"{path} imports {target}"
        if kind == "host" and top in (COMFY | COMFY_API) - host_allowed:
            yield f"{path} imports {target} of ComfyUI"
        if kind == "host" and top in PACK_ROOMS - host_allowed:
            yield f"{path} imports {target} by an absolute name; the pack has none"


def find_level_faults(path: str, source: str) -> Iterator[str]:
    """Yield imports within the core from a folder of the same level or a higher one, and folders that have no level."""
    level_of = {subject: level for level, subjects in enumerate(LEVELS) for subject in subjects}
    own = name_subject(path)
    for kind, target in walk_imports(path, ast.parse(source)):
        other = name_subject(target)
        if kind == "host" or own == other or not own:
            continue
        if own not in level_of or other not in level_of or level_of[other] >= level_of[own]:
            yield f"{path} imports {target}"


def name_subject(path: str) -> str:
    """The folder or file directly inside mvcustom_core that contains a path."""
    return path.removesuffix(".py").split("/")[1] if path.count("/") else ""


def find_circle(imports: dict[str, set[str]]) -> list[str]:
    """Folders that import one another in a circle, or whose imports lead into a circle; empty if there is none."""
    while ends := {folder for folder, others in imports.items() if not others & imports.keys()}:
        imports = {folder: others for folder, others in imports.items() if folder not in ends}
    return sorted(imports)


def find_conduct_faults(path: str, source: str) -> Iterator[str]:
    """Yield calls and statements that are forbidden in shipped code."""
    for node in ast.walk(ast.parse(source)):
        fault = _judge_call(node) if isinstance(node, ast.Call) else _judge_statement(node)
        if fault:
            yield f"{path}:{getattr(node, 'lineno', 0)}: {fault}"


def _judge_call(node: ast.Call) -> str | None:
    if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
        return f"{node.func.id}()"
    if ast.unparse(node.func) == "torch.load":
        safe = any(keyword.arg == "weights_only" and getattr(keyword.value, "value", None) is True for keyword in node.keywords)
        return None if safe else "torch.load without weights_only=True"
    return ast.unparse(node.func) if ast.unparse(node.func) in FORBIDDEN_FUNCTIONS else None


def _judge_statement(node: ast.AST) -> str | None:
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        return "bare except"
    if isinstance(node, ast.Global):
        return "global"
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return "star import"
    if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path":
        return "sys.path"
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        return next((f"import of {name}" for name in names if name.partition(".")[0] in FORBIDDEN_MODULES), None)
    return None


def name_file(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def find_faults(find: Callable[[str, str], Iterator[str]], files: list[Path]) -> list[str]:
    return [fault for file in files for fault in find(name_file(file), file.read_text(encoding="utf-8"))]


def test_imports_run_one_way() -> None:
    assert not find_faults(find_import_faults, SHIPPED)


def test_shipped_code_behaves() -> None:
    assert not find_faults(find_conduct_faults, SHIPPED)


def test_subjects_build_on_lower_ones() -> None:
    assert not find_faults(find_level_faults, [file for file in SHIPPED if "mvcustom_core" in file.parts])


def test_no_folders_import_one_another_in_a_circle() -> None:
    folders = {PurePosixPath(name_file(file)).parent for file in SHIPPED}
    imports: dict[str, set[str]] = {str(folder): set() for folder in folders}
    for file in SHIPPED:
        path = name_file(file)
        found = walk_imports(path, ast.parse(file.read_text(encoding="utf-8")))
        targets = [PurePosixPath(target) for kind, target in found if kind == "pack"]
        own = str(PurePosixPath(path).parent)
        imports[own] |= {str(target if target in folders else target.parent) for target in targets} - {own}
    assert not find_circle(imports)


def test_no_folder_is_too_full() -> None:
    counts = Counter(str(PurePosixPath(name_file(file)).parent) for file in SHIPPED)
    assert not {folder: count for folder, count in counts.items() if count > MAX_FILES}


def test_no_file_is_too_long() -> None:
    lengths = {name_file(file): len(file.read_text(encoding="utf-8").splitlines()) for file in SHIPPED + BESIDE}
    assert not {name: length for name, length in lengths.items() if length > MAX_LINES}


def test_ruff_finds_nothing() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_root_is_not_on_the_path() -> None:
    assert ROOT not in [Path(entry or ".").resolve() for entry in sys.path]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mvcustom_core/camera/rays.py", "from ..shapes import check_shape\nfrom .cameras import Cameras\nimport torch"),
        ("mvcustom_core/rendering/operator.py", "from ..surface import mesh\nfrom ..backbone.motion import MotionModule"),
        ("nodes/cameras/path.py", "from comfy_api.latest import io\nfrom ...mvcustom_core.camera import rays\nfrom ..bridge import host"),
        ("nodes/bridge/host/call.py", "import comfy.model_patcher\nimport folder_paths\nfrom ....mvcustom_core import shapes"),
        ("__init__.py", "from comfy_api.latest import io\ndef f():\n    from .nodes import NODES"),
    ],
)
def test_lawful_imports_pass(path: str, source: str) -> None:
    assert not list(find_import_faults(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mvcustom_core/concept/concept.py", "import comfy.utils"),
        ("mvcustom_core/concept/concept.py", "def f():\n    from comfy_api.latest import io"),
        ("mvcustom_core/concept/concept.py", "from ...nodes import NODES"),
        ("mvcustom_core/shapes.py", "from ..nodes.bridge import tensors"),
        ("mvcustom_core/camera/rays.py", "from ..backbone.motion import MotionModule"),
        ("mvcustom_core/camera/rays.py", "from .. import rendering"),
        ("mvcustom_core/camera/lens.py", "from ..embedded.scenes.scene import Scene"),
        ("mvcustom_core/camera/rays.py", "from mvcustom_core.camera.cameras import Cameras"),
        ("nodes/cameras/path.py", "import folder_paths"),
        ("nodes/cameras/path.py", "from comfy.utils import ProgressBar"),
        ("nodes/cameras/path.py", "from nodes.bridge import tensors"),
        ("nodes/bridge/host/tensors.py", "from ...cameras import MVCustomCameras"),
        ("nodes/bridge/host/tensors.py", "from mvcustom.mvcustom_core import shapes"),
        ("__init__.py", "from .mvcustom_core import shapes"),
        ("__init__.py", "import folder_paths"),
    ],
)
def test_unlawful_imports_are_found(path: str, source: str) -> None:
    assert len(list(find_import_faults(path, source))) >= 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mvcustom_core/surface/mesh.py", "from ..evaluation.pose import measure_poses"),
        ("mvcustom_core/path/trajectory.py", "from ..surface import mesh"),
        ("mvcustom_core/evaluation/pose.py", "from ..plot.scene import draw_scene"),
        ("mvcustom_core/shapes.py", "from .camera.cameras import Cameras"),
        ("mvcustom_core/capture/formats/colmap.py", "from ...plot import canvas"),
        ("mvcustom_core/novelty/first.py", "from ..camera.cameras import Cameras"),
    ],
)
def test_subjects_that_build_on_higher_ones_are_found(path: str, source: str) -> None:
    assert len(list(find_level_faults(path, source))) == 1


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["a", "b", "c"]),
        ({"a": {"a/inner"}, "a/inner": {"a"}, "b": set()}, ["a", "a/inner"]),
    ],
)
def test_circles_are_found(imports: dict[str, set[str]], circle: list[str]) -> None:
    assert find_circle(imports) == circle


@pytest.mark.parametrize(
    "source",
    [
        "print(1)",
        "exec('x')",
        "eval('x')",
        "from torch import *",
        "try:\n    pass\nexcept:\n    pass",
        "def f():\n    global x\n    x = 1",
        "import sys\nsys.path.insert(0, '.')",
        "import subprocess",
        "from subprocess import run",
        "import pickle\npickle.load(file)",
        "import os\nos.system('ls')",
        "import torch\ntorch.load('x')",
        "import torch\ntorch.load('x', weights_only=False)",
    ],
)
def test_misconduct_is_found(source: str) -> None:
    assert len(list(find_conduct_faults("nodes/cameras/path.py", source))) >= 1


def test_good_conduct_passes() -> None:
    source = "import sys\nimport torch\ntry:\n    x = torch.load('x', weights_only=True)\nexcept OSError:\n    x = model.eval()\n"
    assert not list(find_conduct_faults("nodes/cameras/path.py", source))
