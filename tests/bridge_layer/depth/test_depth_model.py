"""ZoeDepth and Depth Anything from a local folder: tiny random networks, saved by `transformers` itself."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path

import comfy.model_management
import folder_paths
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from mvcustom.nodes.bridge.depth.model import EMBEDDED, estimate_depth, list_depth_models, open_depth_model
from mvcustom.nodes.bridge.host.folders import DEPTH

IMAGE = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(0))


def save_depth_anything(folder: Path, kind: str = "relative") -> None:
    torch.manual_seed(0)
    backbone = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, image_size=28, patch_size=14,
        out_indices=[1, 2, 3, 4], reshape_hidden_states=False, apply_layernorm=True,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, head_hidden_size=8,
        depth_estimation_type=kind, max_depth=20 if kind == "metric" else 1,
    )  # fmt: skip
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 56, "width": 56}
    transformers.DPTImageProcessor(size=size, keep_aspect_ratio=True, ensure_multiple_of=14).save_pretrained(folder)


def save_zoedepth(folder: Path) -> None:
    torch.manual_seed(0)
    backbone = transformers.BeitConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=32, image_size=64, patch_size=16,
        use_relative_position_bias=True, reshape_hidden_states=False, out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = transformers.ZoeDepthConfig(
        backbone_config=backbone, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, bottleneck_features=8, num_relative_features=4,
        bin_embedding_dim=8, num_attractors=[4, 4, 2, 1], bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0}],
    )  # fmt: skip
    transformers.ZoeDepthForDepthEstimation(config).save_pretrained(folder)
    transformers.ZoeDepthImageProcessor(size={"height": 64, "width": 64}, ensure_multiple_of=32).save_pretrained(folder)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`models/mvcustom_depth` of this test alone."""
    monkeypatch.setitem(folder_paths.folder_names_and_paths, DEPTH, ([str(tmp_path)], {".safetensors"}))
    return tmp_path


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows by the folder's name with each depth network that is read from disk."""
    reads: list[str] = []
    read = transformers.AutoModelForDepthEstimation.from_pretrained
    monkeypatch.setattr(
        transformers.AutoModelForDepthEstimation,
        "from_pretrained",
        lambda folder, **how: (reads.append(folder.name), read(folder, **how))[1],
    )
    return reads


def run_as_documented(folder: Path, **sizes: list[tuple[int, int]]) -> torch.Tensor:
    """The depth of IMAGE as the library's own documentation computes it, from a picture of bytes."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    network = transformers.AutoModelForDepthEstimation.from_pretrained(folder)
    with torch.no_grad():
        output = network(**processor(images=(IMAGE * 255).round().byte(), return_tensors="pt"))
    (result,) = processor.post_process_depth_estimation(output, target_sizes=[(48, 64)], **sizes)
    return result["predicted_depth"]


@pytest.mark.parametrize(("kind", "meaning"), [("relative", "disparity"), ("metric", "metric")])
def test_depth_anything_runs_from_its_folder(folders: Path, kind: str, meaning: str):
    save_depth_anything(folders / "small", kind)
    assert list_depth_models() == [EMBEDDED, "small"]
    estimate = estimate_depth("small", IMAGE)
    assert estimate.values.shape == (48, 64) and estimate.meaning == meaning and estimate.origin == "Depth Anything, small"
    assert torch.allclose(estimate.values, run_as_documented(folders / "small"), rtol=0.02, atol=0.02)
    assert kind == "relative" or torch.allclose(estimate.values, torch.tensor(10.0), atol=1)  # half of max_depth from random weights


def test_zoedepth_is_metric_and_its_mirrored_border_removed(folders: Path):
    save_zoedepth(folders / "zoe")
    estimate = estimate_depth("zoe", IMAGE)
    assert estimate.values.shape == (48, 64) and estimate.meaning == "metric" and estimate.valid.all()
    expected = run_as_documented(folders / "zoe", source_sizes=[(48, 64)])
    assert torch.allclose(estimate.values, expected, rtol=0.02)


def test_half_precision_weights_are_run_in_single(folders: Path):
    save_depth_anything(folders / "half")
    network = transformers.DepthAnythingForDepthEstimation.from_pretrained(folders / "half")
    network.half().save_pretrained(folders / "half")
    assert estimate_depth("half", IMAGE).values.dtype == torch.float32


def test_network_goes_through_comfys_memory_management(folders: Path, monkeypatch: pytest.MonkeyPatch):
    save_depth_anything(folders / "small")
    loaded = []
    load = comfy.model_management.load_models_gpu
    monkeypatch.setattr(comfy.model_management, "load_models_gpu", lambda models, **kw: (loaded.extend(models), load(models, **kw)))
    estimate_depth("small", IMAGE)
    assert [type(patcher).__name__ for patcher in loaded] == ["ModelPatcher"] and loaded[0].model_size() > 0


def test_network_is_read_once_while_its_files_stay(folders: Path, monkeypatch: pytest.MonkeyPatch):
    save_depth_anything(folders / "small")
    reads = count_reads(monkeypatch)
    first = estimate_depth("small", IMAGE).values
    assert torch.equal(estimate_depth("small", IMAGE).values, first) and reads == ["small"]
    network = transformers.DepthAnythingForDepthEstimation.from_pretrained(folders / "small")
    torch.nn.init.normal_(network.head.conv3.weight)
    network.save_pretrained(folders / "small")
    assert not torch.equal(estimate_depth("small", IMAGE).values, first) and reads == ["small", "small"]


@pytest.mark.usefixtures("quick_collection")
def test_network_leaves_memory_when_comfyui_unloads_it(folders: Path, monkeypatch: pytest.MonkeyPatch):
    """ComfyUI holds its models weakly, so that nobody but the holders of this one may keep it."""
    save_depth_anything(folders / "small")
    reads = count_reads(monkeypatch)
    estimate_depth("small", IMAGE)
    held = open_depth_model("small")
    comfy.model_management.unload_all_models()
    gc.collect()
    assert open_depth_model("small").network is held.network and reads == ["small"]
    network = weakref.ref(held.network)
    del held
    gc.collect()
    assert network() is None


def test_cancel_stops_inside_the_network(folders: Path, monkeypatch: pytest.MonkeyPatch):
    save_depth_anything(folders / "small")
    calls = []

    def interrupt() -> None:
        calls.append(None)
        if len(calls) == 10:
            raise comfy.model_management.InterruptProcessingException

    monkeypatch.setattr(comfy.model_management, "throw_exception_if_processing_interrupted", interrupt)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        estimate_depth("small", IMAGE)


def test_pickled_weights_are_not_opened(folders: Path):
    save_depth_anything(folders / "old")
    (folders / "old" / "model.safetensors").rename(folders / "old" / "pytorch_model.bin")
    with pytest.raises(ValueError, match="wanted model.safetensors .*, got pytorch_model.bin; download the model's safetensors file"):
        estimate_depth("old", IMAGE)
    (folders / "old" / "pytorch_model.bin").unlink()
    with pytest.raises(ValueError, match="got no weights"):
        estimate_depth("old", IMAGE)


def test_folders_that_hold_no_depth_model(folders: Path):
    save_depth_anything(folders / "small")
    (folders / "small" / "preprocessor_config.json").unlink()
    with pytest.raises(ValueError, match="wanted preprocessor_config.json .*, got none; download it"):
        estimate_depth("small", IMAGE)
    (folders / "clip").mkdir()
    (folders / "clip" / "config.json").write_text(json.dumps({"model_type": "clip"}))
    with pytest.raises(ValueError, match="wanted ZoeDepth or Depth Anything, got a 'clip'"):
        estimate_depth("clip", IMAGE)
    (folders / "empty").mkdir()
    with pytest.raises(ValueError, match="depth_model: wanted one of embedded depth head, clip, small, got 'empty'; put its folder in"):
        estimate_depth("empty", IMAGE)


def test_broken_weights_are_named(folders: Path):
    save_depth_anything(folders / "small")
    weights = load_file(folders / "small" / "model.safetensors")
    save_file({name: weights[name] for name in sorted(weights)[1:]}, folders / "small" / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="depth_model: wanted all weights in .*, got none for .*; download it again"):
        estimate_depth("small", IMAGE)
    (folders / "small" / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="depth_model: wanted a readable model in .*; download it again"):
        estimate_depth("small", IMAGE)


def test_embedded_head_is_the_default():
    estimate = estimate_depth(EMBEDDED, torch.rand(3, 64, 64))
    assert estimate.values.shape == (64, 64) and estimate.meaning == "metric" and estimate.valid.all()
    assert torch.isfinite(estimate.values).all() and (estimate.values > 0).all()
