"""What tests of one denoising in several runs share."""

from __future__ import annotations

import pytest


@pytest.fixture
def exact_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Latents that leave a run and enter the next one without rounding: a scale that is a power of two."""
    from mvcustom.tests.host.embedded import load_once  # after ComfyUI is entered

    monkeypatch.setattr(load_once()[0].model.latent_format, "scale_factor", 0.25)
