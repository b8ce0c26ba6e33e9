"""The built file of the widget belongs to its sources, is small, holds no code of others, and is the only script that ComfyUI is served."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mvcustom.tests.node_layer.widget.javascript import BUILT, ROOT

SOURCES = ROOT / "web" / "src"
MOST_BYTES = 200_000
MOST_LINES = 300


def digest_sources() -> str:
    """As vite.config.ts does."""
    digest = hashlib.sha256()
    for name in sorted(file.relative_to(SOURCES).as_posix() for file in SOURCES.rglob("*.ts")):
        digest.update(f"{name}\n{(SOURCES / name).read_text(encoding='utf-8')}\n".encode())
    digest.update((ROOT / "package-lock.json").read_text(encoding="utf-8").encode())
    return digest.hexdigest()


def test_built_file_is_of_these_sources() -> None:
    named = re.search(r"Sources ([0-9a-f]{64})", BUILT.read_text(encoding="utf-8"))
    assert named and named.group(1) == digest_sources(), "run npm ci and npm run build"


def test_built_file_is_small() -> None:
    assert BUILT.stat().st_size < MOST_BYTES


def test_built_file_holds_no_foreign_code() -> None:
    """Packages of others would bring their licences; those in package.json only build."""
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    imported = [name for file in SOURCES.rglob("*.ts") for name in re.findall(r"from '([^']+)'", file.read_text(encoding="utf-8"))]
    assert imported and all(name.startswith(".") for name in imported)


def test_rebuilt_file_is_the_committed_one(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on the PATH: the widget is not rebuilt; its sources are compared by their digest")
    if not (ROOT / "node_modules" / "vite").is_dir():
        pytest.skip("no node_modules: run npm ci to have the widget rebuilt; its sources are compared by their digest")
    environment = {**os.environ, "MVCUSTOM_WIDGET_OUTPUT": str(tmp_path)}
    built = subprocess.run([npm, "run", "build"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / BUILT.name).read_bytes() == BUILT.read_bytes()


def test_comfyui_is_served_no_other_script() -> None:
    """ComfyUI loads every .js file below web/ in the browser."""
    assert not [file for file in SOURCES.rglob("*.js")]
    assert not (ROOT / "web" / "node_modules").exists() and not (SOURCES / "node_modules").exists()


def test_sources_are_short() -> None:
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCES.rglob("*.ts")}
    assert not {name: length for name, length in lengths.items() if length > MOST_LINES}


def test_sources_make_no_html_of_text() -> None:
    """Text reaches the page as text nodes and attributes alone."""
    for file in SOURCES.rglob("*.ts"):
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", file.read_text(encoding="utf-8")
        )
        assert not found, f"{file.name}: {found}"
