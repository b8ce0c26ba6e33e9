"""The whole path and its options give on the device what they give on the processor."""

from __future__ import annotations

import time

import pytest
import torch

from mvcustom.tests.gpu.case import measure_agreement
from mvcustom.tests.gpu.cases import CASES
from mvcustom.tests.gpu.conftest import Reference
from mvcustom.tests.host.embedded import load_once
from mvcustom.tests.host.in_process import ComfyInProcess

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")


@pytest.mark.parametrize("case", CASES)
def test_the_device_agrees_with_the_processor(case: str, comfy: ComfyInProcess, on_cpu: Reference) -> None:
    if CASES[case].not_dynamic and load_once()[0].is_dynamic():
        pytest.skip(f"in dynamic memory {CASES[case].not_dynamic}")
    began = time.process_time()
    found = CASES[case].run(comfy)
    seconds = time.process_time() - began
    agreement = measure_agreement(found, on_cpu(CASES[case].reference or case))
    print(f"{case}, {seconds:.1f} s: " + ", ".join(f"{name} {value:.1f} dB" for name, value in agreement.items()))
    assert min(agreement.values()) >= CASES[case].least_db
