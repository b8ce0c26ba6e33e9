"""The ablation: what is asked for and how it truly looks, what needs no diffusion, what is measured, how rungs are chained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mvcustom.benchmarks.ablation import backbones, judge
from mvcustom.benchmarks.ablation.backgrounds import BACKGROUNDS, FAR
from mvcustom.benchmarks.ablation.baselines import HOLE, blur_truth, repeat_nearest, warp_aligned, warp_anchor
from mvcustom.benchmarks.ablation.cases import (
    HELD_OUT,
    LEARNED,
    MAX_PROMPTS,
    TRAJECTORIES,
    AblationCase,
    Task,
    build_case,
    draw_words,
    lay_path,
    list_tasks,
)
from mvcustom.benchmarks.ablation.concepts import LEARNING
from mvcustom.benchmarks.ablation.making import Made, Maker, SamplingSettings
from mvcustom.benchmarks.ablation.pictures import read_sheet, round_to_bytes, write_sheet
from mvcustom.benchmarks.ablation.rungs import DENSE, ONE_CELL, choose_rungs
from mvcustom.benchmarks.ablation.visibility import find_seen, pool_psnr
from mvcustom.benchmarks.concept_quality import FIRST_SEED, place_cameras
from mvcustom.benchmarks.kit.identity import SubjectEncoder, crop_subject
from mvcustom.devtools import ROOT
from mvcustom.mvcustom_core.backbone.motion import MotionModules
from mvcustom.mvcustom_core.camera.cameras import Cameras
from mvcustom.mvcustom_core.camera.rays import project_points, unproject_depth
from mvcustom.mvcustom_core.embedded.scenes.render import render_scene
from mvcustom.mvcustom_core.embedded.scenes.scene import sample_concept, with_hills
from mvcustom.nodes.bridge.backbone.motion import has_motion
from mvcustom.nodes.bridge.rendering.completion import Completion
from mvcustom.nodes.bridge.rendering.hook import RENDERING_ATTACHMENT
from mvcustom.nodes.sampling.hook_choices import SCOPES
from mvcustom.training.motion import DENSE_SETTINGS

SUBJECTS = range(FIRST_SEED, FIRST_SEED + 8)


@pytest.fixture(scope="module")
def case() -> AblationCase:
    return build_case(Task(FIRST_SEED, 1, "translation"))


@pytest.fixture(scope="module")
def warped(case: AblationCase) -> Tensor:
    return warp_anchor(case)


def test_tasks_come_prompt_by_prompt():
    tasks = list_tasks(2, 2)
    assert [task.name for task in tasks[:5]] == [
        "1000-0-rotation", "1000-0-translation", "1001-0-rotation", "1001-0-translation", "1000-1-rotation",
    ]  # fmt: skip
    assert len({task.seed for task in list_tasks(16, MAX_PROMPTS)}) == 16 * MAX_PROMPTS


def test_far_tasks_come_beside_the_near_ones_and_have_names_of_their_own():
    near, both = list_tasks(2, 1), list_tasks(2, 1, backgrounds=tuple(BACKGROUNDS))
    assert both[: len(near)] == near
    assert [task.name for task in both[len(near) :]] == [f"{task.name}-far" for task in near]


@pytest.fixture(scope="module")
def far_case() -> AblationCase:
    return build_case(Task(FIRST_SEED + 3, 0, "rotation", FAR))


@pytest.fixture(scope="module")
def far_warped(far_case: AblationCase) -> Tensor:
    return warp_anchor(far_case)


@pytest.mark.parametrize("trajectory", TRAJECTORIES)
def test_far_cases_look_at_hills_and_a_sky(trajectory: str, far_case: AblationCase):
    """To the truth belong hills from 10 to 40 units and a sky, in every view, and the subject stays in the picture."""
    far = far_case if trajectory == far_case.task.trajectory else build_case(Task(FIRST_SEED, 0, trajectory, FAR))
    depth, sky = far.truth.depth, far.truth.depth > 1e5
    hills = (depth > 8) & ~sky  # z-depth of a ring 10 units away is less at the picture's border
    assert (hills.flatten(1).float().mean(1) > 0.05).all() and (sky.flatten(1).float().mean(1) > 0.05).all()
    assert 30 < float(depth[hills].max()) < 45
    assert (far.truth.mask.flatten(1).mean(1) > 0.02).all()
    elevation = (-far.cameras.centers[:, 1] / far.cameras.centers.norm(dim=1)).asin().rad2deg()
    assert trajectory == "translation" or torch.allclose(elevation, torch.tensor(10.0), atol=1e-2)
    assert far.prompt == f"a <v*> {far.words.shape} on {far.words.caption.partition(' on ')[2]}"


def test_the_truth_of_a_far_case_is_carried_by_its_depth(far_case: AblationCase, far_warped: Tensor):
    """Hills and sky too come where the other views show them; a sky at 3 or 5 units would be 6 to 10 pixels off."""
    truth, depth = far_case.truth.images, far_case.truth.depth
    seen = find_seen(far_case.cameras, depth, far_case.anchor) & ~(far_warped == HOLE).all(1, keepdim=True)
    for what in ((depth > 8) & (depth < 1e5), depth > 1e5):
        where = seen & what[:, None]
        where[far_case.anchor] = False
        inner = 1 - torch.nn.functional.max_pool2d(1 - where.float(), 3, 1, 1) > 0
        still = truth[[far_case.anchor]].expand_as(truth)
        assert int(inner.sum()) > 1000
        assert pool_psnr(far_warped, truth, inner) > max(35, pool_psnr(still, truth, inner) + 8)


def test_the_far_ground_counts_as_seen_where_the_anchor_sees_it():
    """From 5 units on the depth of the ground changes by more than the tolerance from one pixel to the next; nothing stands on it here."""
    cameras = lay_path(FIRST_SEED, "rotation", FAR)
    depth = render_scene(replace(with_hills(sample_concept(FIRST_SEED), 0), solids=()), cameras, supersample=1).depth
    points = unproject_depth(cameras, depth).flatten(0, 2)
    pixels, distance = (found[3].view(*depth.shape, -1) for found in project_points(cameras, points))
    inside = ((pixels > 2) & (pixels < cameras.width - 2)).all(-1)
    ground = inside & (depth > 5) & (depth < 8) & (distance[..., 0] > 5) & (distance[..., 0] < 8)
    assert int(ground.sum()) > 500
    assert float(find_seen(cameras, depth, 3)[:, 0][ground].float().mean()) > 0.99


def test_depth_aligned_as_the_nodes_do_it_carries_the_truth_as_well(
    case: AblationCase, warped: Tensor, far_case: AblationCase, far_warped: Tensor
):
    for each, by_truth in ((case, warped), (far_case, far_warped)):
        others = [view for view in range(len(by_truth)) if view != each.anchor]
        error = (warp_aligned(each) - by_truth)[others].square().mean()
        assert float(-10 * error.log10()) > 30


@pytest.mark.parametrize("subject", SUBJECTS)
def test_prompts_differ_in_ground_and_sky_also_from_the_photographs(subject: int):
    own = sample_concept(subject).words
    words = [draw_words(subject, prompt) for prompt in range(MAX_PROMPTS)]
    assert len({own.ground, *(word.ground for word in words)}) == len({own.sky, *(word.sky for word in words)}) == MAX_PROMPTS + 1
    assert {(word.shape, word.color, word.texture) for word in words} == {(own.shape, own.color, own.texture)}


def test_a_case_is_the_same_each_time(case: AblationCase):
    again = build_case(case.task)
    assert torch.equal(again.truth.images, case.truth.images) and torch.equal(again.cameras.w2c, case.cameras.w2c)
    assert again.prompt == case.prompt == f"a <v*> {case.words.shape} on {case.prompt.partition(' on ')[2]}"


@pytest.mark.parametrize("trajectory", TRAJECTORIES)
def test_all_cameras_see_the_subject(trajectory: str):
    for subject in SUBJECTS:
        cameras = lay_path(subject, trajectory)
        (pixels, depth), size = project_points(cameras, torch.zeros(1, 3)), torch.tensor([cameras.width, cameras.height])
        assert (depth > 0.5).all() and (pixels > 0.1 * size).all() and (pixels < 0.9 * size).all()


def test_trajectories_have_the_extent_that_was_asked_for():
    turned, moved = (lay_path(FIRST_SEED, trajectory) for trajectory in TRAJECTORIES)
    assert float((moved.centers[-1] - moved.centers[0]).norm()) == pytest.approx(0.4, abs=1e-4)
    assert torch.allclose(moved.w2c[0, :3, :3], moved.w2c[-1, :3, :3], atol=1e-5)
    flat = torch.nn.functional.normalize(turned.centers[:, [0, 2]], dim=1)  # about the vertical through the subject
    assert float((flat[0] @ flat[-1]).acos().rad2deg()) == pytest.approx(40, abs=1e-2)
    assert torch.allclose(turned.centers.norm(dim=1), turned.centers[0].norm(), atol=1e-5)


def test_no_trajectory_stands_where_a_photograph_was_learned_from():
    learned = place_cameras(FIRST_SEED)[1].centers[LEARNED]
    middles = [lay_path(FIRST_SEED, trajectory).centers.mean(0, keepdim=True) for trajectory in TRAJECTORIES]
    assert min(float(torch.cdist(middle, learned).min()) for middle in middles) > 0.1
    assert not {*HELD_OUT} & {*LEARNED} and len(HELD_OUT) + len(LEARNED) == 12


def test_the_truth_lies_in_the_world_of_the_cameras(case: AblationCase, warped: Tensor):
    """The subject's surface lies about the origin, within its reach; and the anchor's warped picture fits the other views."""
    points = unproject_depth(case.cameras, case.truth.depth)[case.truth.mask[:, 0] > 0.5]
    assert len(points) > 1000 and float(points.norm(dim=1).max()) < 0.6
    seen = find_seen(case.cameras, case.truth.depth, case.anchor)
    assert pool_psnr(warped, case.truth.images, seen) > pool_psnr(warped, case.truth.images, ~seen) + 8
    assert 0.02 < float((~seen).float().mean()) < 0.5


def test_the_warped_anchor_is_itself_and_grey_where_nothing_is_known(case: AblationCase, warped: Tensor):
    assert case.anchor in (3, 4)
    assert torch.equal(warped[case.anchor], case.truth.images[case.anchor])
    grey = (warped == HOLE).all(1, keepdim=True)
    revealed = ~find_seen(case.cameras, case.truth.depth, case.anchor)
    assert float(revealed[grey].float().mean()) > 0.9 and float(grey[revealed].float().mean()) > 0.5


def test_the_frozen_camera_repeats_the_nearest_photograph(case: AblationCase):
    views = repeat_nearest(case)
    away = (case.photograph_cameras.centers - case.cameras.centers[case.anchor]).square().sum(1)
    assert torch.equal(views[0], case.photographs.images[away.tolist().index(min(away.tolist()))])
    assert torch.equal(views[0], views[-1])


def make_pair(wall: float = 2.0, box: float = 1.0) -> tuple[Cameras, Tensor]:
    """Two cameras of 16 pixels and focal length 16, the second half a unit to the right: the wall moves 4 pixels, the box before it 8."""
    w2c = torch.eye(4).repeat(2, 1, 1)
    w2c[1, 0, 3] = -0.5
    K = torch.tensor([[16.0, 0, 8], [0, 16, 8], [0, 0, 1]]).repeat(2, 1, 1)
    depth = torch.full((2, 16, 16), wall)
    depth[0, 4:12, 6:10] = box
    depth[1, 4:12, 0:2] = box  # -2 to 2, cut by the picture's edge
    return Cameras(w2c, K, 16, 16), depth


def test_revealed_are_what_comes_into_the_picture_and_what_the_box_hid():
    cameras, depth = make_pair()
    revealed = ~find_seen(cameras, depth, 0)[:, 0]
    wanted = torch.zeros(16, 16, dtype=torch.bool)
    wanted[:, 12:] = True
    wanted[4:12, 2:6] = True
    assert not revealed[0].any()
    inner = torch.ones_like(wanted)  # a pixel beside the box's outline may count as either: its four neighbours show both
    inner[3:13, [1, 2, 5, 6]] = inner[[3, 4, 11, 12], 1:7] = False
    assert torch.equal(revealed[1][inner], wanted[inner])


def test_psnr_of_a_mask():
    mask = torch.zeros(1, 1, 2, 2, dtype=torch.bool)
    views = torch.full((1, 3, 2, 2), 0.1)
    assert pool_psnr(views, torch.zeros_like(views), mask) is None
    mask[..., 0] = True
    assert pool_psnr(views, torch.zeros_like(views), mask) == pytest.approx(20, abs=1e-4)
    assert pool_psnr(views, views, mask) == pytest.approx(100, abs=1e-3)


def test_a_sheet_gives_back_its_views(tmp_path: Path):
    views = round_to_bytes(torch.rand(3, 3, 4, 5, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.1)
    write_sheet(tmp_path / "views.png", views)
    assert torch.equal(read_sheet(tmp_path / "views.png", 3), views)
    assert [file.name for file in tmp_path.iterdir()] == ["views.png"]


@pytest.fixture(scope="module")
def ruler(case: AblationCase) -> judge.Judge:
    """Without a reader; its encoder, of random weights, has the choice between the subject and a grey wall."""
    crops = crop_subject(case.photographs.images, case.photograph_cameras)
    return judge.Judge(SubjectEncoder().eval(), [crops, torch.full_like(crops, 0.5)], None)


def test_the_truth_is_the_ceiling_of_every_figure(case: AblationCase, ruler: judge.Judge):
    truth, notes = ruler.measure(case, case.truth.images, (case.true_depth,))
    json.dumps(truth, allow_nan=False)
    against_truth = ("PSNR dB", "subject PSNR dB", "background PSNR dB", "revealed PSNR dB", "seen PSNR dB")
    assert [truth[name] for name in against_truth] == pytest.approx([100] * 5, abs=1e-3)
    assert truth["SSIM"] == pytest.approx(1, abs=1e-5) and truth["sharpness ratio"] == pytest.approx(1)
    assert truth["retrieval"] == 1
    assert truth["ground read"] is truth["sky read"] is None and any("not read" in note for note in notes)


def test_the_anchors_own_view_does_not_count(case: AblationCase, ruler: judge.Judge, monkeypatch: pytest.MonkeyPatch):
    """It is the truth itself in the warped views, where 100 dB would hide all else."""
    views = 0.5 * torch.ones_like(case.truth.images)
    plain, _ = ruler.measure(case, views, ())
    views = views.index_put((torch.tensor(case.anchor),), case.truth.images[case.anchor])
    figures, _ = ruler.measure(case, views, ())
    for name in ("PSNR dB", "SSIM", "subject PSNR dB", "background PSNR dB", "revealed PSNR dB", "seen PSNR dB"):
        assert figures[name] == plain[name]
    assert figures["warp PSNR dB"] is None


def test_the_reader_reads_the_truth(case: AblationCase, ruler: judge.Judge):
    reader = judge.load_reader()
    read, notes = replace(ruler, reader=reader)._read(case, case.truth.images)
    assert read["ground read"] > 0.8 and read["sky read"] > 0.8 and not notes


@pytest.fixture
def maker(case: AblationCase, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Whose samplings give the truth and are listed: hooked, completing, along the surface, and the window of the second level."""
    maker = Maker(case, lambda: None, SamplingSettings())
    maker.sampled, maker.plans = [], []

    def sample(self: Maker, model, clip, sampler=None) -> Tensor:  # noqa: ANN001
        hook = model.get_attachment(RENDERING_ATTACHMENT)
        scopes = model.model_options["transformer_options"].get("mvcustom", {}).get("scopes")
        completes = sampler is not None and isinstance(sampler.sampler_function, Completion)
        self.plans.append(hook and hook.plan)
        self.sampled.append((hook is not None, completes, scopes is not None, has_motion(model).scopes[1].window))
        return self.case.truth.images

    monkeypatch.setattr(Maker, "_sample", sample)
    monkeypatch.setattr(Maker, "_apply", lambda self, modules: (backbones.load_model(modules), None))
    monkeypatch.setattr(Maker, "estimate_depth", lambda self, modules: self.first_pass(modules) and self.case.true_depth)
    return maker


def test_rungs_share_the_first_pass(maker: Maker):
    made = {rung: maker.make(rung) for rung in ("truth", "customised", "rendering", "completion", "one_pass")}
    assert maker.sampled == [
        (False, False, False, 1), (True, False, True, 1), (True, True, True, 1), (True, False, True, 1),
    ]  # fmt: skip
    assert made["truth"].seconds is None
    assert made["rendering"].seconds > made["customised"].seconds > 0


@pytest.fixture(scope="module")
def decoded(case: AblationCase) -> Made:
    return Maker(case, lambda: None, SamplingSettings()).make("decoded")


def test_the_autoencoder_alone_comes_near_the_truth(case: AblationCase, decoded: Made):
    error = (decoded.views - case.truth.images).square().mean()
    assert decoded.seconds is None and 22 < float(-10 * error.log10()) < 45


def test_the_anchor_is_carried_by_its_depth(maker: Maker):
    """The truth stands for the first pass here, so the views are the warped truth but for the autoencoder, and the anchor's is its own."""
    made, warped = maker.make("carried").views, maker.make("warped").views
    error = (made - warped).square().mean((1, 2, 3))
    assert maker.sampled == [(False, False, False, 1)]
    assert float(-10 * error.mean().log10()) > 20
    others = [view for view in range(len(made)) if view != maker.case.anchor]
    moved = (made[others] - made[maker.case.anchor]).square().mean((1, 2, 3))
    assert (moved > 2 * error[others]).all()


def test_latents_are_carried_by_the_true_depth(case: AblationCase, decoded: Made):
    carried, first = Maker(case, lambda: None, SamplingSettings()).make("latents").views, decoded.views
    assert torch.equal(carried[case.anchor], first[case.anchor])
    error = (carried - first).square().mean((1, 2, 3))
    moved = (first - first[case.anchor]).square().mean((1, 2, 3))
    others = [view for view in range(len(first)) if view != case.anchor]
    assert (error[others] > 0).all() and (error[others] < 0.5 * moved[others]).all()


def test_own_latents_are_carried_by_the_estimated_depth(maker: Maker, decoded: Made):
    """The truth stands for the first pass here."""
    case = maker.case
    smooth, cells = (maker.make(rung).views for rung in ("own_latents", "own_cells"))
    first = decoded.views
    others = [view for view in range(len(first)) if view != case.anchor]
    moved = (first - first[case.anchor]).square().mean((1, 2, 3))[others]
    for views in (smooth, cells):
        assert torch.equal(views[case.anchor], first[case.anchor])
        error = (views - first).square().mean((1, 2, 3))[others]
        assert (error > 0).all() and (error < moved).all()
    assert not torch.equal(smooth, cells)


def test_rendering_goes_on_to_the_last_step_where_asked(maker: Maker):
    maker.make("to_the_end")
    assert (maker.plans[-1].settings.until, maker.plans[-1].settings.fade) == (1, 0)


def test_features_and_start_noise_on_their_own(maker: Maker):
    for rung in ("own_noise", "own_noise_1x1", "noise_alone"):
        maker.make(rung)
    _, own_noise, one_cell, noise_alone = maker.plans
    assert (own_noise.shared_noise, own_noise.settings.strength) == (False, 1)
    assert (one_cell.shared_noise, one_cell.settings.strength, one_cell.paths) == (False, 1, ()) and own_noise.paths
    assert (noise_alone.shared_noise, noise_alone.settings.strength) == (True, 0)


def test_predictions_are_rendered_above_feature_rendering_and_in_their_own_variants(maker: Maker):
    for rung in ("rendering", "one_pass", "noise_alone", "prediction", "completion", "prediction_own_noise", "prediction_1x1"):
        maker.make(rung)
    _, *plans = maker.plans
    assert [plan.prediction for plan in plans] == [False] * 3 + [True] * 4
    assert [plan.settings.until for plan in plans] == [0.7] * 3 + [0.9] * 4
    own_noise, one_cell = plans[-2:]
    assert (own_noise.shared_noise, one_cell.shared_noise) == (False, True) and own_noise.paths and not one_cell.paths


def test_blurred_truth_is_the_truth_without_its_edges(case: AblationCase):
    blurred, truth = blur_truth(case), case.truth.images
    assert torch.allclose(blurred.mean(), truth.mean(), atol=5e-3)
    assert blurred.diff(dim=-1).square().mean() < 0.5 * truth.diff(dim=-1).square().mean()


def test_a_first_pass_that_is_known_is_not_made_again(maker: Maker):
    maker.first_passes[ONE_CELL] = Made(maker.case.truth.images, 30.0)
    assert maker.make("customised").seconds == 30
    assert maker.make("rendering").seconds > 30
    assert maker.sampled == [(True, False, True, 1)]


def test_dense_modules(maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    backbones.load_model.cache_clear()
    monkeypatch.setattr(backbones, "DENSE_FILE", tmp_path / "motion_dense.safetensors")
    with pytest.raises(FileNotFoundError, match="python dev.py train-tiny motion_dense"):
        backbones.load_model(DENSE)
    save_file(MotionModules(DENSE_SETTINGS).state_dict(), backbones.DENSE_FILE)
    for rung in ("rendering_dense", "rendering_1x1"):
        maker.make(rung)
    assert maker.sampled == [(False, False, False, None), (True, False, False, None), (False, False, False, 1), (True, False, False, 1)]
    backbones.load_model.cache_clear()


def test_settings_are_the_demo_workflows():
    nodes = json.loads((ROOT / "workflows" / "mvcustom_demo_camera_path.json").read_text(encoding="utf-8"))["nodes"]
    values = {node["type"]: node.get("widgets_values") for node in nodes}
    settings = SamplingSettings()
    assert values["BasicScheduler"] == [settings.scheduler, settings.steps, 1] and values["KSamplerSelect"] == [settings.sampler]
    assert values["MVCustomConceptGuider"] == [settings.text_guidance, settings.image_guidance, settings.surroundings]
    hook, completion = settings.hook, settings.completion
    strength, until, shared, _, scope, sites, _, fade, prediction = values["MVCustomDepthRenderHook"]
    assert (strength, until, fade) == (hook.settings.strength, hook.settings.until, hook.settings.fade)
    assert (shared, sites, prediction) == (hook.shared_noise, hook.sites, hook.prediction) and hook.spare_subject == 0
    assert SCOPES[scope] is hook.follow_surface
    assert values["MVCustomLatentCompletionSampler"][:3] == [completion.until, completion.repeats, completion.feather_px]
    learning, learn = values["MVCustomLearnConcept"], LEARNING
    assert learning[2:6] == [learn.steps, learn.pose_rate, learn.token_rate, learn.frames]
    assert learning[11:13] == [learn.rendering_steps, learn.schedule]


def test_rungs_of_later_prompts():
    chosen = ["rendering", "truth", "one_pass"]
    assert choose_rungs(0, chosen, full=False) == choose_rungs(2, chosen, full=True) == ["truth", "rendering", "one_pass"]
    assert choose_rungs(1, chosen, full=False) == ["rendering"]
