"""`python benchmarks [NAME ...]`: name the package as ComfyUI would, put ComfyUI within reach, run the scripts named."""

import argparse
import os
import runpy
import subprocess
import sys
import types
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parent
SCRIPTS = sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_"))
OF_THEIR_OWN = ("evaluate", "mvgd", "peer", "training_proof", "true_size")  # what takes hours, or needs a folder of the user's
USAGE = f"""python dev.py bench [NAME ...]       run these benchmarks, or all of them but {", ".join(OF_THEIR_OWN)}
python dev.py bench NAME [options]   run one with its own options; --help lists them, --device cpu keeps ComfyUI off the GPU

NAME is one of {", ".join(SCRIPTS)}"""


def main(words: list[str]) -> int:
    end = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    names, options = words[:end], words[end:]
    if options in (["-h"], ["--help"]) and not names:
        print(USAGE)
        return 0
    unknown = [name for name in names if name not in SCRIPTS]
    if unknown or (options and len(names) != 1):
        problem = f"there is no benchmark {', '.join(unknown)}" if unknown else "options belong to one benchmark; name it before them"
        print(f"{problem}\n\n{USAGE}", file=sys.stderr)
        return 2
    if len(names) == 1:
        return run_script(names[0], options)
    codes = [
        subprocess.run([sys.executable, str(FOLDER), name]).returncode
        for name in names or [name for name in SCRIPTS if name not in OF_THEIR_OWN]
    ]
    return int(any(codes))


def run_script(name: str, options: list[str]) -> int:
    """Run a script of this folder as `__main__` in this process; the code it exits with."""
    package = types.ModuleType("mvcustom")
    package.__path__ = [str(FOLDER.parent)]
    sys.modules["mvcustom"] = package
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() not in (FOLDER, FOLDER.parent)]
    device = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    device.add_argument("--device")
    enter_comfyui(on_gpu=torch.cuda.is_available() and device.parse_known_args(options)[0].device != "cpu")
    sys.argv = [f"dev.py bench {name}", *options]
    runpy.run_module(f"mvcustom.benchmarks.{name}", run_name="__main__", alter_sys=False)
    return 0


def enter_comfyui(on_gpu: bool) -> None:
    """ComfyUI settles its device while it is imported; `dev.py` says where it is."""
    sys.path.insert(0, os.environ["COMFYUI_DIR"])
    import comfy.options

    comfy.options.enable_args_parsing(False)
    from comfy.cli_args import args

    args.cpu, args.use_pytorch_cross_attention = not on_gpu, True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
