"""Makes `.venv`: a fixed torch, what ComfyUI and the training ask for, the tools of the tests. Nothing happens when it is as written here.

Packages that depend on torchvision are installed without their dependencies, and the rest under a constraint: otherwise pip replaces torch
by whatever build the newest torchvision wants.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import CACHE, ROOT, VENV
from .comfyui import obtain_comfyui

TORCH = "torch==2.13.0"
TOOLS = ["pycolmap==4.2.1", "diffusers", "pytest", "pytest-asyncio", "pytest-xdist", "websocket-client", "ruff"]
WITHOUT_DEPENDENCIES = ["torchvision==0.28.0", "torchaudio==2.11.0", "spandrel", "timm"]
INSTALLED_APART = {"torch", "torchvision", "torchaudio", "spandrel"}
OPERATORS_MODULE = Path(__file__).with_name("torchvision_operators.py")


def venv_python() -> Path:
    """The interpreter inside `.venv`."""
    return VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python"


def prepare_environment() -> tuple[Path, Path]:
    """Make or refresh `.venv` and ComfyUI; return the interpreter and ComfyUI's folder. Touches no network when both are ready."""
    python = venv_python()
    if not python.exists():
        if not (3, 10) <= sys.version_info[:2] <= (3, 13):
            raise RuntimeError(f"Python 3.10 to 3.13 is needed, this is {sys.version.split()[0]}: start dev.py with another one")
        _create_venv()
    comfyui = obtain_comfyui(python)
    requirements = [*read_requirements(comfyui), *read_requirements(ROOT / "training")]
    recipe = [TORCH, *requirements, *TOOLS, *WITHOUT_DEPENDENCIES, Path(__file__).read_text("utf-8"), OPERATORS_MODULE.read_text("utf-8")]
    stamp, wanted = VENV / "recipe.sha256", hashlib.sha256("\n".join(recipe).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        _install(python, requirements)
        stamp.write_text(wanted)
    return python, comfyui


def _create_venv() -> None:
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
        shutil.rmtree(VENV, ignore_errors=True)  # half of one would be taken for a whole one
        raise RuntimeError(f"{sys.executable} could not make .venv: install Python's venv module, or start dev.py with another Python")


def read_requirements(folder: Path) -> list[str]:
    """The requirements of ComfyUI or of the training, without those that decide which torch is installed."""
    lines = (line.split("#")[0].strip() for line in (folder / "requirements.txt").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and re.split(r"[^\w.-]", line)[0] not in INSTALLED_APART]


def _install(python: Path, requirements: list[str]) -> None:
    started = time.monotonic()
    constraints = CACHE / "constraints.txt"
    CACHE.mkdir(exist_ok=True)
    constraints.write_text(TORCH + "\n", encoding="utf-8")

    def install(what: str, *arguments: str) -> None:
        print(f".venv: {what} ({time.monotonic() - started:.0f} s)", flush=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments], check=True)

    install(TORCH, TORCH)
    install("what ComfyUI and the training need, and the tools", "-c", str(constraints), *requirements, *TOOLS)
    install("what depends on torchvision", "--no-deps", *WITHOUT_DEPENDENCIES)
    _repair_cuda_builds(python)
    print(f".venv: ready after {time.monotonic() - started:.0f} s", flush=True)


def _repair_cuda_builds(python: Path) -> None:
    """For Linux, PyPI has only CUDA builds of torchvision and torchaudio; beside a CPU build of torch both need a hand."""
    site = Path(_run(python, "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
    if _run(python, "import torch; assert torch.version.cuda is None").returncode == 0:
        audio = _run(python, "import torchaudio")
        if "OSError" in audio.stderr:  # its compiled library wants CUDA; without the library it falls back to Python
            for library in (site / "torchaudio" / "lib").glob("*.so"):
                library.unlink()
        vision = _run(python, "import torchvision")
        if "torchvision::nms does not exist" in vision.stderr:
            shutil.copy(OPERATORS_MODULE, site)
            (site / "torchvision_operators.pth").write_text("import torchvision_operators\n", encoding="utf-8")
    check = _run(python, "import torchvision, torchaudio, spandrel, timm")
    if check.returncode:
        raise RuntimeError(f"the installed packages do not import together:\n{check.stderr}")


def _run(python: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True)
