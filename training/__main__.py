"""`python training COMMAND`: give the repository the package name that ComfyUI would give it, then run the command line."""

import sys
import types
from pathlib import Path

package = types.ModuleType("mvcustom")
package.__path__ = [str(Path(__file__).resolve().parent.parent)]
sys.modules["mvcustom"] = package

from mvcustom.training.cli import main  # noqa: E402  (needs the package above)

if __name__ == "__main__":  # a process that draws examples imports this file too
    sys.exit(main(sys.argv[1:]))
