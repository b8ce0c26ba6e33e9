"""The recipe of `.venv`, without installing anything: what is guarded, what is unpacked, and that a finished environment is left alone."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mvcustom.devtools import comfyui, environment


def write_archive(file: Path, *members: tarfile.TarInfo) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for member in members:
            member.size = 2 if member.isfile() else 0
            tar.addfile(member, io.BytesIO(b"ok") if member.isfile() else None)


def test_only_the_tree_is_unpacked(tmp_path: Path) -> None:
    link = tarfile.TarInfo("pkg-1/vendor/ComfyUI/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    names = ("pkg-1/vendor/ComfyUI/main.py", "pkg-1/vendor/ComfyUI/comfy/sd.py", "pkg-1/setup.py", "pkg-1/vendor/ComfyUI/../../../climb.py")
    write_archive(tmp_path / "a.tar.gz", *map(tarfile.TarInfo, names), link)
    comfyui.unpack_tree(tmp_path / "a.tar.gz", tmp_path / "out" / "ComfyUI")
    files = sorted(file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file())
    assert files == ["a.tar.gz", "out/ComfyUI/comfy/sd.py", "out/ComfyUI/main.py"]


def test_requirements_leave_torch_out(tmp_path: Path) -> None:
    text = "torch\ntorchvision>=0.2\n\n# comment\ntorchsde\nnumpy>=1.25.0  # why\nspandrel\n"
    (tmp_path / "requirements.txt").write_text(text, encoding="utf-8")
    assert environment.read_requirements(tmp_path) == ["torchsde", "numpy>=1.25.0"]


def test_named_comfyui_must_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="COMFYUI_DIR"):
        comfyui.obtain_comfyui(Path(sys.executable))


def test_finished_environment_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installing is replaced by a counter: once when there is no stamp, once more when the recipe changes, else never."""
    (tmp_path / "main.py").touch()
    (tmp_path / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path))
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "venv_python", lambda: Path(sys.executable))
    installed: list[list[str]] = []
    monkeypatch.setattr(environment, "_install", lambda python, requirements: installed.append(requirements))
    for _ in range(3):
        assert environment.prepare_environment() == (Path(sys.executable), tmp_path)
    training = ["accelerate>=1.2", "tqdm"]
    assert installed == [["numpy", *training]]
    (tmp_path / "requirements.txt").write_text("numpy\nscipy\n", encoding="utf-8")
    environment.prepare_environment()
    assert installed == [["numpy", *training], ["numpy", "scipy", *training]]


def test_front_door_opens_without_comfyui(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    code = "import runpy, sys; names = runpy.run_path(sys.argv[1]); assert 'comfy_entrypoint' not in names and names['WEB_DIRECTORY']"
    assert subprocess.run([sys.executable, "-c", code, str(root / "__init__.py")], cwd=tmp_path).returncode == 0
