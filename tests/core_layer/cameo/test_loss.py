"""CAMEO's loss and precision on attention whose answer is known: codes of the true correspondence, and a loop over the definition."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mvcustom.mvcustom_core.backbone.attention import Scope, TokenGrid
from mvcustom.mvcustom_core.backbone.motion import MotionModule, MotionSettings, Observation
from mvcustom.mvcustom_core.cameo import loss as loss_file
from mvcustom.mvcustom_core.cameo.loss import Recorder, ScoreHead, correspondence_loss, walk_rows
from mvcustom.mvcustom_core.cameo.precision import attend_query, measure_precision
from mvcustom.mvcustom_core.cameo.targets import Targets, draw_queries

VIEWS, HEIGHT, WIDTH, HEADS = 3, 4, 6, 2
CELLS = HEIGHT * WIDTH
DENSE = Scope(None)
SETTINGS = MotionSettings(channels=(32,), heads=4, scopes=(DENSE,))


def make_generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_targets(clips: int = 2, share: float = 1.0, seed: int = 5) -> Targets:
    """Every view shows the same points in an order of its own, some of them unknown."""
    generator = make_generator(seed)
    place = torch.stack([torch.stack([torch.randperm(CELLS, generator=generator) for _ in range(VIEWS)]) for _ in range(clips)])
    point = place.argsort(-1)  # [B, V, (h w)] which point a cell shows
    cells = torch.stack([torch.stack([clip[m][shown] for m in range(VIEWS)], -1) for clip, shown in zip(place, point, strict=True)])
    known = (torch.rand(cells.shape, generator=generator) <= share) & ~torch.eye(VIEWS, dtype=torch.bool)[:, None]
    points = torch.stack([cells % WIDTH, cells // WIDTH], -1) + 0.5
    return Targets(cells, points, known, HEIGHT, WIDTH)


def observe(q: Tensor, k: Tensor, scope: Scope = DENSE) -> Observation:
    return Observation(q.flatten(0, 1), k.flatten(0, 1), TokenGrid(VIEWS, HEIGHT, WIDTH), scope, HEADS)


def make_codes(targets: Targets, strength: float = 40.0) -> Observation:
    """Each cell's code is one-hot in the point that it shows, which is the cell of view 0 that shows it, in every head."""
    clips = len(targets.cells)
    point = targets.cells[..., 0].clone()  # [B, V, (h w)]
    point[:, 0] = torch.arange(CELLS)
    codes = torch.nn.functional.one_hot(point, CELLS).float()  # [B, V, (h w), d]
    k = codes.repeat(1, 1, 1, HEADS)
    return observe(strength * math.sqrt(CELLS) * k, k.view(clips, VIEWS, CELLS, -1))


def make_random(targets: Targets, channels: int = 8, scope: Scope = DENSE, dtype: torch.dtype = torch.float32) -> Observation:
    shape = (2, len(targets.cells), VIEWS, CELLS, channels)
    return observe(*torch.randn(shape, generator=make_generator(2), dtype=dtype).unbind(0), scope)


def loss_by_definition(seen: Observation, targets: Targets, kept: Tensor, head: ScoreHead | None) -> Tensor:
    """One query, view and head at a time."""
    q, k = (x.unflatten(0, (-1, VIEWS)).unflatten(-1, (HEADS, -1)) for x in (seen.q, seen.k))  # [B, V, p, H, d]
    terms = []
    for b, n, p, m in kept.nonzero().tolist():
        logits = torch.stack([k[b, m, :, head_] @ q[b, n, p, head_] / math.sqrt(q.shape[-1]) for head_ in range(HEADS)], -1)  # [(h w), H]
        scores = logits.mean(-1) if head is None else head(logits)
        terms.append(-scores.log_softmax(0)[targets.cells[b, n, p, m]])
    return torch.stack(terms).mean()


def test_codes_of_the_true_correspondence_give_no_loss_and_full_precision() -> None:
    targets = make_targets()
    seen = make_codes(targets)
    assert float(correspondence_loss(seen, targets, make_generator()).loss) < 1e-6
    found = measure_precision(seen, targets, make_generator())
    assert found.mean == pytest.approx(1) and found.heads == pytest.approx([1] * HEADS) and found.count == 2 * VIEWS * (VIEWS - 1) * CELLS


def test_codes_that_say_nothing_give_the_logarithm_of_the_cells() -> None:
    """All keys alike: every cell is as likely."""
    targets = make_targets()
    seen = make_codes(targets)
    blank = replace(seen, k=torch.ones_like(seen.k))
    assert float(correspondence_loss(blank, targets, make_generator()).loss) == pytest.approx(math.log(CELLS), rel=1e-5)


def test_shuffled_codes_are_right_by_chance() -> None:
    """Codes of another correspondence: the strongest key is any cell, so it is near the truth as often as a blind draw."""
    targets = make_targets(clips=24)
    found = measure_precision(make_codes(make_targets(clips=24, seed=77)), targets, make_generator())
    near = [(x, y) for x in range(-1, 2) for y in range(-1, 2)]
    inside = sum(0 <= x + dx < WIDTH and 0 <= y + dy < HEIGHT for x in range(WIDTH) for y in range(HEIGHT) for dx, dy in near)
    assert found.chance == pytest.approx(inside / CELLS**2, rel=1e-5)  # all cells are targets equally often
    deviation = math.sqrt(found.chance * (1 - found.chance) / found.count)
    assert abs(found.mean - found.chance) < 4 * deviation


@pytest.mark.parametrize("learned", [False, True])
def test_loss_is_the_one_of_its_definition(learned: bool) -> None:
    targets = make_targets(share=0.6)
    seen, head = make_random(targets), ScoreHead(HEADS, make_generator(1)) if learned else None
    found = correspondence_loss(seen, targets, make_generator(), head, queries=CELLS)
    torch.testing.assert_close(found.loss, loss_by_definition(seen, targets, targets.known, head), rtol=1e-5, atol=0)
    assert int(found.count) == int(targets.known.sum())


def test_each_view_has_a_softmax_of_its_own() -> None:
    targets = make_targets(clips=1)
    seen = make_random(targets)
    rows = attend_query(seen, view=1, cell=7)
    torch.testing.assert_close(rows.sum(-1), torch.ones(HEADS + 1, VIEWS))
    # what one view's keys say does not change the others' share
    other = attend_query(replace(seen, k=torch.cat([seen.k[:2], 9 * seen.k[2:]])), 1, 7)
    assert torch.equal(other[:, :2], rows[:, :2]) and not torch.allclose(other[:, 2], rows[:, 2])
    draw = draw_queries(targets.known, CELLS, make_generator())
    for part in walk_rows(seen, targets, draw, None):
        torch.testing.assert_close(part.scores().softmax(-1).sum(-1), torch.ones(len(part.q)))


def test_a_draw_estimates_the_whole_loss_without_bias() -> None:
    """Pairs of views of very different numbers of queries; 200 draws of 3 of each, within four standard errors of the whole."""
    targets = make_targets(clips=1, share=0.9)
    thinned = targets.known.clone()
    thinned[:, 0, 2:, 1] = False  # two queries of one pair
    targets = replace(targets, known=thinned)
    seen = make_random(targets)
    whole = float(correspondence_loss(seen, targets, make_generator(), queries=CELLS).loss)
    draws = torch.stack([correspondence_loss(seen, targets, make_generator(seed), queries=3).loss for seed in range(200)])
    error = float(draws.std()) / math.sqrt(len(draws))
    assert error < 0.04 * whole and abs(float(draws.mean()) - whole) < 4 * error


def test_parts_of_the_rows_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = make_targets(share=0.7)
    seen, head = make_random(targets), ScoreHead(HEADS, make_generator(1))
    whole = correspondence_loss(seen, targets, make_generator(), head).loss
    monkeypatch.setattr(loss_file, "MAX_ELEMENTS", 5 * CELLS * HEADS * 9)
    torch.testing.assert_close(correspondence_loss(seen, targets, make_generator(), head).loss, whole)


@pytest.mark.parametrize("window", [1, 3])
def test_what_a_query_cannot_see_is_not_asked_for(window: int) -> None:
    targets = make_targets(share=0.8)
    seen = make_random(targets, scope=Scope(window))
    own = torch.arange(CELLS)[:, None]
    apart = torch.maximum((targets.cells // WIDTH - own // WIDTH).abs(), (targets.cells % WIDTH - own % WIDTH).abs())
    kept = targets.known & (apart <= window // 2)
    found = correspondence_loss(seen, targets, make_generator(), queries=CELLS)
    assert 0 < int(found.count) == int(kept.sum()) < int(targets.known.sum())
    torch.testing.assert_close(found.loss, loss_by_definition(seen, targets, kept, None), rtol=1e-5, atol=0)


def test_without_a_known_place_there_is_no_loss_and_no_gradient() -> None:
    targets = make_targets(share=-1.0)
    seen = make_random(targets)
    q = seen.q.requires_grad_()
    found = correspondence_loss(seen, targets, make_generator())
    found.loss.backward()
    assert float(found.loss.detach()) == 0 and int(found.count) == 0 and not q.grad.any()
    assert measure_precision(seen, targets, make_generator()).count == 0


def test_logits_are_float32_under_autocast_and_in_half_precision() -> None:
    targets = make_targets()
    seen = make_random(targets, dtype=torch.bfloat16)
    exact = replace(seen, q=seen.q.float(), k=seen.k.float())
    with torch.autocast("cpu", torch.bfloat16):
        found = correspondence_loss(seen, targets, make_generator()).loss
    assert found.dtype == torch.float32
    assert torch.equal(found, correspondence_loss(exact, targets, make_generator()).loss)


def test_gradients_are_right() -> None:
    targets = make_targets(clips=1)
    shape = (2, 1, VIEWS, CELLS, 4)
    q, k = torch.randn(shape, generator=make_generator(3), dtype=torch.float32).unbind(0)
    head = ScoreHead(HEADS, make_generator(1))
    q.requires_grad_(), k.requires_grad_()
    correspondence_loss(observe(q, k), targets, make_generator(), head, queries=CELLS).loss.backward()
    found = [q.grad.clone(), k.grad.clone(), *(parameter.grad.clone() for parameter in head.parameters())]
    for tensor in (q, k, *head.parameters()):
        tensor.grad = None
    loss_by_definition(observe(q, k), targets, targets.known, head).backward()
    for mine, wanted in zip(found, (q, k, *head.parameters()), strict=True):
        torch.testing.assert_close(mine, wanted.grad, rtol=1e-4, atol=1e-7)


def make_module(seed: int) -> MotionModule:
    module = MotionModule(SETTINGS, level=0)
    generator = make_generator(seed)
    for parameter in module.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator)
    return module


@pytest.mark.parametrize("recomputed", [False, True])
def test_gradient_reaches_queries_keys_the_head_and_what_lies_below_and_nothing_else(recomputed: bool) -> None:
    """Three modules in a row, the middle one observed."""
    modules, targets, recorder, head = [make_module(seed) for seed in range(3)], make_targets(), Recorder(), ScoreHead(4, make_generator())
    x = torch.randn(2 * VIEWS, 32, HEIGHT, WIDTH, generator=make_generator(9))
    for number, module in enumerate(modules):
        observer = recorder if number == 1 else None
        if recomputed:
            x = checkpoint(module, x, VIEWS, observer=observer, use_reentrant=False)
        else:
            x = module(x, VIEWS, observer=observer)
    correspondence_loss(recorder.seen, targets, make_generator(), head).loss.backward()
    below, layer, above = ({name for name, parameter in module.named_parameters() if parameter.grad is not None} for module in modules)
    block = "temporal_transformer.transformer_blocks.0"
    reached = {f"temporal_transformer.{name}.{part}" for name in ("norm", "proj_in") for part in ("weight", "bias")}
    reached |= {f"{block}.norms.0.weight", f"{block}.norms.0.bias"}
    reached |= {f"{block}.attention_blocks.0.to_{letter}.weight" for letter in "qk"}
    assert below == {name for name, _ in modules[0].named_parameters()}
    assert layer == reached and not above
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in head.parameters())


def test_an_observer_sees_what_the_kernel_receives() -> None:
    settings = replace(SETTINGS, entropy_correction=True, spatial_position=True)
    module = MotionModule(settings, level=0)
    module.temporal_transformer.transformer_blocks[0].attention_blocks[0].g.data.normal_(generator=make_generator())
    received, recorder = [], Recorder()

    def kernel(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
        received.append((q, k))
        return v

    x = torch.randn(2 * VIEWS, 32, HEIGHT, WIDTH, generator=make_generator(9))
    plain = module(x, VIEWS, attention=kernel)
    received.clear()
    assert torch.equal(module(x, VIEWS, attention=kernel, observer=recorder), plain)
    q, k = received[0]  # [B, (F p), C], of the first of two attentions
    assert torch.equal(recorder.seen.q.unflatten(0, (2, VIEWS)).flatten(1, 2), q)
    assert torch.equal(recorder.seen.k.unflatten(0, (2, VIEWS)).flatten(1, 2), k)
    assert (recorder.seen.grid.frames, recorder.seen.scope, recorder.seen.heads) == (VIEWS, DENSE, 4)


def test_targets_of_another_grid_are_refused() -> None:
    seen = make_random(make_targets(clips=1))
    with pytest.raises(ValueError, match=r"targets: wanted \(clips, views, h, w\) \(1, 3, 4, 6\) as the attention has, got \(2, 3, 4, 6\)"):
        correspondence_loss(seen, make_targets(), make_generator())


def test_a_module_learns_to_look_at_the_right_place() -> None:
    """Every surface point has features of its own, which its views show with noise; the module starts from random queries and keys."""
    generator, targets = make_generator(4), make_targets(clips=2)
    point = targets.cells[..., 0].clone()  # [B, V, (h w)]
    point[:, 0] = torch.arange(CELLS)
    features = torch.randn(2, CELLS, 32, generator=generator)  # of the points of every clip
    shown = torch.stack([each[index] for each, index in zip(features, point, strict=True)])  # [B, V, (h w), C]
    # contiguous, since torch 2.13 crashes in the backward pass of a GroupNorm over channels-last features that need no gradient
    x = (shown + 0.3 * torch.randn(shown.shape, generator=generator)).flatten(0, 1).mT.unflatten(2, (HEIGHT, WIDTH)).contiguous()
    module, head = make_module(seed=1), ScoreHead(4, make_generator(2))
    optimizer = torch.optim.Adam([*module.parameters(), *head.parameters()], lr=1e-2)

    def look() -> Recorder:
        recorder = Recorder()
        module(x, VIEWS, observer=recorder)
        return recorder

    before = measure_precision(look().seen, targets, make_generator(), head)
    for step in range(40):
        optimizer.zero_grad()
        correspondence_loss(look().seen, targets, make_generator(step), head, queries=8).loss.backward()
        optimizer.step()
    after = measure_precision(look().seen, targets, make_generator(), head)
    assert before.learned < 0.7 and after.learned > 0.95 and after.learned > after.chance + 0.5, (before, after)
