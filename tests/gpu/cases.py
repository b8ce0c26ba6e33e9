"""All cases of the tier."""

from __future__ import annotations

from mvcustom.tests.gpu import graphs, weights
from mvcustom.tests.gpu.case import Case

CASES: dict[str, Case] = graphs.CASES | weights.CASES
