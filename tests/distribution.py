"""How the files of the whole suite are divided between the test processes.

pytest-xdist begins with the files that have most tests. Here the longest files have few tests each: they came last, one process waited for
the other, and each process started a server. The order is that of collection instead, which conftest.py makes from tiers.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

ON_ONE_SERVER = ("tests/browser/", "tests/host/")


class DivisionByFile(LoadFileScheduling):
    """Each file goes to one process; those that talk to a server go to the same one, which starts it once."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return "server" if nodeid.startswith(ON_ONE_SERVER) else super()._split_scope(nodeid)
