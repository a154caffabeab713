"""The scan against its definition, and loaded models that go on from a cache as if they had read all at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import DynamicCache

from forethought.errors import BadSetting
from forethought.models import selective_scan as scan_module
from forethought.models.decoding import Rows, continue_branches
from forethought.models.scan import disable_stateful_scan, enable_stateful_scan, has_stateful_scan, selective_scan

CLOSE = 2e-5
SHAPES = [(1, 1, 5, 3), (3, 7, 6, 4), (2, 33, 8, 1), (2, 70, 1, 2)]
ROOM = [scan_module.IN_CACHE, 1000, 64]
"""Numbers at once: everything; several chunks; groups of rows and channels too."""

Read = Callable[..., Tensor]


def definition(u: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """Equation 2 of the paper, one token after the other."""
    ys = []
    for t in range(u.shape[1]):
        h = torch.exp(dt[:, t, :, None] * a) * h + (dt * u)[:, t, :, None] * b[:, t, None]
        ys.append((h * c[:, t, None]).sum(-1))
    return torch.stack(ys, 1), h


def drawn(shape: tuple[int, ...], kind: torch.dtype = torch.float64) -> list[Tensor]:
    """Inputs of these B, T, D, N."""
    rows, tokens, channels, size = shape
    torch.manual_seed(sum(shape))
    sizes = [(rows, tokens, channels)] * 2 + [(channels, size)] + [(rows, tokens, size)] * 2 + [(rows, channels, size)]
    u, dt, a, b, c, h = (torch.randn(s, dtype=kind) for s in sizes)
    return [u, F.softplus(dt), -8 * a.abs(), b, c, h]


@pytest.fixture(params=ROOM)
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "IN_CACHE", request.param)


# --- the scan ---


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_state_and_every_gradient_are_those_of_the_definition(shape: tuple[int, ...]) -> None:
    inputs = [x.requires_grad_() for x in drawn(shape)]
    found, expected = selective_scan(*inputs), definition(*inputs)
    torch.testing.assert_close(found, expected)
    weights = [torch.randn_like(x) for x in expected]
    ours, theirs = (
        torch.autograd.grad([(x * w).sum() for x, w in zip(y, weights, strict=True)], inputs) for y in (found, expected)
    )
    torch.testing.assert_close(ours, theirs)


@pytest.mark.usefixtures("room")
def test_without_gradients_it_is_the_same() -> None:
    inputs = drawn((3, 40, 6, 4))
    with torch.inference_mode():
        torch.testing.assert_close(selective_scan(*inputs), definition(*inputs))


def test_halves_in_turn_are_the_whole_bit_for_bit_and_the_given_state_is_left_alone() -> None:
    u, dt, a, b, c, h = drawn((2, 50, 8, 4), torch.float32)
    before = h.clone()
    whole, last = selective_scan(u, dt, a, b, c, h)
    y1, middle = selective_scan(u[:, :17], dt[:, :17], a, b[:, :17], c[:, :17], h)
    y2, end = selective_scan(u[:, 17:], dt[:, 17:], a, b[:, 17:], c[:, 17:], middle)
    assert torch.equal(torch.cat([y1, y2], 1), whole)
    assert torch.equal(end, last)
    assert torch.equal(h, before)


def test_very_long_and_very_short_steps_stay_finite() -> None:
    """Where a scan divides by its cumulated decay, this overflows."""
    u, _, a, b, c, h = drawn((1, 64, 4, 4), torch.float32)
    dt = torch.where(torch.arange(64)[None, :, None] % 2 == 0, 100.0, 1e-6).expand(1, 64, 4)
    torch.testing.assert_close(selective_scan(u, dt, a, b, c, h), definition(u, dt, a, b, c, h))


def test_half_precision_is_accumulated_in_float32() -> None:
    inputs = [x.bfloat16() for x in drawn((1, 200, 4, 4), torch.float32)]
    y, last = selective_scan(*inputs)
    assert y.dtype == last.dtype == torch.float32
    torch.testing.assert_close((y, last), definition(*(x.float() for x in inputs)))


def test_side_by_side_blocks_for_accelerators_are_the_loop() -> None:
    for tokens in (64, 71, 100):
        decay, h, state = torch.rand(2, tokens, 3, 4), torch.randn(2, tokens, 3, 4), torch.randn(2, 3, 4)
        in_blocks, kept = h.clone(), decay.clone()
        scan_module._recur(decay, h, state)
        scan_module._recur_in_blocks(decay, in_blocks, state)
        torch.testing.assert_close(in_blocks, h)
        assert torch.equal(decay, kept)


def test_shapes_that_do_not_fit_are_named() -> None:
    u, dt, a, b, c, h = drawn((2, 5, 4, 3))
    with pytest.raises(BadSetting, match=r"the state has the shape \(1, 4, 3\); expected \(2, 4, 3\)"):
        selective_scan(u, dt, a, b, c, h[:1])
    with pytest.raises(BadSetting, match="B has the shape"):
        selective_scan(u, dt, a, b[:, :3], c, h)
    with pytest.raises(BadSetting, match=r"expected \(B, T, D\) and \(D, N\)"):
        selective_scan(u[0], dt[0], a, b[0], c[0])


def test_nothing_to_read_leaves_the_state_and_no_rows_are_no_error() -> None:
    u, dt, a, b, c, h = drawn((2, 5, 4, 3))
    y, last = selective_scan(u[:, :0], dt[:, :0], a, b[:, :0], c[:, :0], h)
    assert y.shape == (2, 0, 4) and torch.equal(last, h)
    y, last = selective_scan(u[:0], dt[:0], a, b[:0], c[:0], h[:0])
    assert y.shape == (0, 5, 4) and last.shape == (0, 4, 3)


# --- loaded models ---


@pytest.fixture(params=["mamba", "falcon_mamba", "jamba"])
def lm(request: pytest.FixtureRequest, families: Any) -> Any:
    return families(request.param)


def test_transformers_own_scan_forgets_and_this_one_does_not(lm: Any, read: Read, ids: Tensor) -> None:
    """The reason for it all. When the first half fails, transformers has been mended and the scan is only for speed."""
    whole = read(lm, ids, DynamicCache(config=lm.config))

    def wrong() -> float:
        cache = DynamicCache(config=lm.config)
        found = torch.cat([read(lm, ids[:, :20], cache), read(lm, ids[:, 20:], cache, start=20)], 1)
        return float((found - whole).norm() / whole.norm())

    assert wrong() > 0.05
    enable_stateful_scan(lm)
    assert wrong() < CLOSE


def test_without_a_cache_it_is_what_transformers_computes(lm: Any, ids: Tensor) -> None:
    theirs = lm(ids, use_cache=False).logits
    enable_stateful_scan(lm)
    torch.testing.assert_close(lm(ids, use_cache=False).logits, theirs, atol=1e-4, rtol=1e-4)


def test_gradients_are_what_transformers_computes(lm: Any, ids: Tensor) -> None:
    def gradients() -> list[Tensor]:
        with torch.enable_grad():
            loss = lm(ids, labels=ids, use_cache=False).loss
            return list(torch.autograd.grad(loss, list(lm.parameters()), allow_unused=True))

    theirs = gradients()
    enable_stateful_scan(lm)
    for ours, their in zip(gradients(), theirs, strict=True):
        if their is not None:
            torch.testing.assert_close(ours, their, atol=1e-4 * float(their.abs().max()) + 1e-7, rtol=1e-3)


def test_gradients_flow_through_a_cache(families: Any, read: Read, ids: Tensor) -> None:
    """What the first tokens should have been is learned from the last one, though a cache lies between."""
    lm = families("mamba")
    enable_stateful_scan(lm)
    inputs = [lm.backbone.embeddings.weight, lm.backbone.layers[0].mixer.A_log]
    with torch.enable_grad():
        whole = torch.autograd.grad(read(lm, ids, DynamicCache(config=lm.config))[:, -1].square().sum(), inputs)
        cache = DynamicCache(config=lm.config)
        read(lm, ids[:, :20], cache)
        pieces = torch.autograd.grad(read(lm, ids[:, 20:], cache)[:, -1].square().sum(), inputs)
    for ours, expected in zip(pieces, whole, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-3 * float(expected.abs().max()), rtol=1e-3)


def test_twice_is_once_and_it_can_be_undone(lm: Any, ids: Tensor) -> None:
    theirs, weights = lm(ids).logits, set(lm.state_dict())
    first = enable_stateful_scan(lm)
    assert first.changed == first.layers > 0
    assert has_stateful_scan(lm)
    assert enable_stateful_scan(lm) == (0, first.layers)
    assert set(lm.state_dict()) == weights
    assert disable_stateful_scan(lm) == first
    assert disable_stateful_scan(lm).changed == 0
    assert torch.equal(lm(ids).logits, theirs)


def test_a_copy_of_a_model_reads_with_its_own_weights(lm: Any, ids: Tensor) -> None:
    enable_stateful_scan(lm)
    before, other = lm(ids).logits, copy.deepcopy(lm)
    for weight in lm.parameters():
        weight.mul_(0)
    assert torch.equal(other(ids).logits, before)


@pytest.mark.parametrize("family", ["llama", "mamba2"])
def test_a_model_without_such_layers_is_told_so(families: Any, family: str) -> None:
    for call in (enable_stateful_scan, disable_stateful_scan):
        with pytest.raises(BadSetting, match=f"'{family}' model has no Mamba-1 layers"):
            call(families(family))
    with pytest.raises(BadSetting, match="'Linear' model"):
        enable_stateful_scan(nn.Linear(2, 2))
    with pytest.raises(BadSetting, match="got a str; expected a loaded Hugging Face model"):
        enable_stateful_scan("state-spaces/mamba-130m-hf")  # type: ignore[arg-type]


def test_layers_that_something_else_changed_are_left_alone(lm: Any) -> None:
    mixer = next(m for m in lm.modules() if type(m).__name__.endswith("Mixer"))
    mixer.forward = lambda *_: None
    with pytest.raises(BadSetting, match="something else replaced"):
        enable_stateful_scan(lm)
    assert not has_stateful_scan(lm)


# --- padding ---


@pytest.mark.parametrize("side", ["left", "right", "between"])
def test_padding_changes_no_state_wherever_it_stands(lm: Any, read: Read, ids: Tensor, side: str) -> None:
    """Two rows read 20 tokens each, then one reads 20 more and the other 12; then both read on."""
    enable_stateful_scan(lm)
    cache = DynamicCache(config=lm.config)
    read(lm, ids[:, :20], cache)
    columns = {"left": range(8, 20), "right": range(12), "between": [*range(5), *range(13, 20)]}[side]
    piece, mask = ids[:, 20:].clone(), torch.ones_like(ids)
    piece[1], mask[1, 20:] = 0, 0
    piece[1, columns], mask[1, [20 + c for c in columns]] = ids[1, 20:32], 1
    position = (mask.cumsum(1) - 1).clamp(min=0)
    found = read(lm, piece, cache, mask=mask, position=position[:, 20:])[1, columns]
    alone = DynamicCache(config=lm.config)
    expected = read(lm, ids[1:, :32], alone)
    torch.testing.assert_close(found, expected[0, 20:], atol=1e-3, rtol=1e-3)
    for ours, theirs in zip(cache.layers, alone.layers, strict=True):
        for held, kept in ((getattr(x, n)[0] for x in (ours, theirs)) for n in ("conv_states", "recurrent_states")
                           if hasattr(ours, n)):  # fmt: skip
            torch.testing.assert_close(held[1], kept[0], atol=1e-4, rtol=1e-4)


def test_a_mask_that_does_not_fit_is_refused(families: Any, ids: Tensor) -> None:
    lm = families("mamba")
    enable_stateful_scan(lm)
    with pytest.raises(BadSetting, match="attention_mask has the shape"):
        lm(ids, attention_mask=torch.zeros(2, 7))


def test_ragged_rows_continue_in_one_go(families: Any, ids: Tensor) -> None:
    lm = families("mamba")
    enable_stateful_scan(lm)
    texts = [ids[0, :9].tolist(), ids[1, :14].tolist()]
    more = [ids[0, 9:16].tolist(), ids[1, 14:16].tolist()]
    rows = Rows(lm, 0, texts)
    assert not rows.stateful
    found = rows.read(more)
    for r, text in enumerate(texts):
        alone = lm(torch.tensor([text + more[r]]), use_cache=False).logits[0, -1]
        torch.testing.assert_close(found[r, -1], alone, atol=1e-3, rtol=1e-3)


def test_branches_of_ragged_contexts_continue_as_each_would_alone(families: Any, ids: Tensor) -> None:
    lm = families("mamba")
    enable_stateful_scan(lm)
    contexts = [ids[0, :9].tolist(), ids[1, :14].tolist()]
    branches = [[ids[0, 9:12].tolist(), ids[0, 20:21].tolist()], [ids[1, 14:19].tolist()]]
    found = continue_branches(lm, contexts, branches, stop=2, pad=0, max_new=6)
    for context, of_context, continuations in zip(contexts, branches, found, strict=True):
        for branch, continuation in zip(of_context, continuations, strict=True):
            text: list[int] = [*context, *branch]
            for token in [*continuation.ids, *[2] * continuation.closed]:
                assert int(lm(torch.tensor([text]), use_cache=False).logits[0, -1].argmax()) == token
                text.append(token)
            assert continuation.closed or len(continuation.ids) == 6
