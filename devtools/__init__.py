"""What `dev.py` does, room by room: the environment, ComfyUI itself, a server to drive, the demo. Not shipped, not imported by the pack.

`environment` and `comfyui` run in whatever Python starts `dev.py` and use the standard library only; the rest runs inside `.venv`.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
