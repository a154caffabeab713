"""Conformance of every family: in one go, in pieces, step by step and after a restore it is the same model reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import DynamicCache, StaticCache

from forethought.errors import BadSetting, Damaged, WrongState
from forethought.models import Model
from forethought.models.decoding import Rows
from forethought.models.scan import MIXERS, enable_stateful_scan
from forethought.models.state import (
    State,
    from_bytes,
    load,
    prefix_hash,
    reader_fingerprint,
    restore,
    save,
    snapshot,
    to_bytes,
    tokenizer_fingerprint,
)

FAMILIES = ["mamba", "falcon_mamba", "mamba2", "jamba", "bamba", "llama", "mistral"]
Read = Callable[..., Tensor]


@pytest.fixture(params=FAMILIES)
def lm(request: pytest.FixtureRequest, families: Any) -> Any:
    return ready(families(request.param))


def ready(lm: Any) -> Any:
    if any(type(m).__name__ in MIXERS for m in lm.modules()):
        enable_stateful_scan(lm)
    return lm


def in_pieces(lm: Any, read: Read, ids: Tensor, sizes: list[int], cache: Any, start: int = 0) -> Tensor:
    found = []
    for size in sizes:
        found.append(read(lm, ids[:, start : start + size], cache, start=start))
        start += size
    return torch.cat(found, 1)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=5e-5 * float(expected.abs().max()), rtol=1e-4)


def same_state(found: State, expected: State) -> None:
    assert found.layers == expected.layers
    assert found.tensors.keys() == expected.tensors.keys()
    assert found.tensors
    for name, tensor in found.tensors.items():
        close(tensor, expected.tensors[name])


# --- conformance ---


@pytest.mark.parametrize("sizes", [[13, 9, 18], [1] * 40, [20, *[1] * 5, 15]], ids=["pieces", "steps", "both"])
def test_pieces_and_steps_are_the_whole_logits_and_state(lm: Any, read: Read, ids: Tensor, sizes: list[int]) -> None:
    one, many = DynamicCache(config=lm.config), DynamicCache(config=lm.config)
    close(in_pieces(lm, read, ids, sizes, many), read(lm, ids, one))
    same_state(snapshot(lm, many), snapshot(lm, one))


@pytest.mark.parametrize("rest", [[23], [4, 19], [1] * 23], ids=["whole", "pieces", "steps"])
def test_after_a_restore_from_the_disk_it_goes_on_as_if_nothing_was(
    lm: Any, read: Read, ids: Tensor, rest: list[int], tmp_path: Path
) -> None:
    one, many = DynamicCache(config=lm.config), DynamicCache(config=lm.config)
    whole = read(lm, ids, one)
    read(lm, ids[:, :17], many)
    restored = restore(lm, load(save(snapshot(lm, many, ids[:, :17]), tmp_path / "a.state")), ids[:, :17])
    del many
    close(in_pieces(lm, read, ids, rest, restored, start=17), whole[:, 17:])
    same_state(snapshot(lm, restored), snapshot(lm, one))


def test_a_snapshot_is_a_copy_and_can_be_restored_again(lm: Any, read: Read, ids: Tensor) -> None:
    cache = DynamicCache(config=lm.config)
    read(lm, ids[:, :17], cache)
    state = snapshot(lm, cache)
    first = in_pieces(lm, read, ids, [1, 12], cache, start=17)
    for _ in range(2):
        assert torch.equal(in_pieces(lm, read, ids, [1, 12], restore(lm, state), start=17), first)


def test_rows_of_a_restored_cache_can_be_chosen_and_repeated(lm: Any, read: Read, ids: Tensor) -> None:
    cache = DynamicCache(config=lm.config)
    read(lm, ids[:, :17], cache)
    restored = restore(lm, snapshot(lm, cache))
    restored.reorder_cache(torch.tensor([1, 0, 1]))
    found = read(lm, ids[[1, 0, 1], 17:], restored, start=17)
    close(found, read(lm, ids[:, 17:], cache, start=17)[[1, 0, 1]])


def test_the_decode_loop_goes_on_from_a_restored_state(lm: Any, read: Read, ids: Tensor) -> None:
    prefix = [row.tolist() for row in ids[:, :17]]
    more = [row.tolist() for row in ids[:, 17:22]]
    fresh = Rows(lm, 0, [p + m for p, m in zip(prefix, more, strict=True)])
    expected = [c.ids for c in fresh.continued([(), ()], stop=2, max_new=8)]
    cache = DynamicCache(config=lm.config)
    logits = read(lm, ids[:, :17], cache)[:, -1]
    state = from_bytes(to_bytes(snapshot(lm, cache, prefix, logits_RV=logits)))
    assert state.logits_RV is not None
    rows = Rows.resumed(lm, 0, prefix, restore(lm, state, prefix), state.logits_RV)
    rows.read(more)
    assert [c.ids for c in rows.continued([(), ()], stop=2, max_new=8)] == expected


def test_rows_of_several_lengths_need_their_mask(lm: Any) -> None:
    with pytest.raises(BadSetting, match=r"rows of \[2, 3\] tokens came without mask_RT"):
        Rows.resumed(lm, 0, [[5, 6], [5, 6, 7]], DynamicCache(config=lm.config), torch.zeros(2, 97))


def test_a_cache_made_without_a_config_is_kept_too(families: Any, read: Read, ids: Tensor) -> None:
    for family in ("llama", "mistral"):
        lm = families(family)
        cache = DynamicCache()
        read(lm, ids[:, :17], cache)
        state = snapshot(lm, cache)
        first = read(lm, ids[:, 17:], cache, start=17)
        assert torch.equal(read(lm, ids[:, 17:], restore(lm, state), start=17), first)


def test_an_empty_cache_is_a_state_too(lm: Any, read: Read, ids: Tensor) -> None:
    restored = restore(lm, from_bytes(to_bytes(snapshot(lm, DynamicCache(config=lm.config), []))), [])
    close(read(lm, ids, restored), read(lm, ids, DynamicCache(config=lm.config)))


@pytest.mark.parametrize("family", ["mamba", "mamba2", "jamba", "bamba", "llama"])
def test_rows_padded_on_the_left_from_the_start_are_read_as_alone(families: Any, read: Read, family: str) -> None:
    """transformers gets this right by itself in every family; docs/mamba-continuation.md says what it does not."""
    lm = families(family)
    ids = torch.randint(3, 97, (2, 20))
    mask = torch.ones_like(ids)
    ids[1, :8], mask[1, :8] = 0, 0
    found = read(lm, ids, DynamicCache(config=lm.config), mask=mask, position=(mask.cumsum(1) - 1).clamp(min=0))
    close(found[1, 8:], read(lm, ids[1:, 8:], DynamicCache(config=lm.config))[0])


# --- what does not belong together ---


@pytest.fixture
def kept(families: Any, read: Read, ids: Tensor) -> tuple[Any, State]:
    lm = ready(families("jamba"))
    cache = DynamicCache(config=lm.config)
    read(lm, ids[:, :17], cache)
    return lm, snapshot(lm, cache, ids[:, :17])


def test_another_model_is_refused(kept: tuple[Any, State], families: Any) -> None:
    lm, state = kept
    for other in (families("jamba", seed=1), families("llama"), families("jamba").bfloat16()):
        with pytest.raises(
            WrongState, match=f"made with model {state.model}, the one given is {reader_fingerprint(other)}"
        ):
            restore(other, state)
    restore(families("jamba"), state)  # the same weights, loaded again
    next(lm.parameters()).view(-1)[5] += 1e-3
    with pytest.raises(WrongState, match="let the model read the text again"):
        restore(lm, state)


@pytest.mark.parametrize(
    ("family", "setting", "value"),
    [
        ("llama", "rope_parameters", {"rope_type": "default", "rope_theta": 100.0}),
        ("mamba", "layer_norm_epsilon", 0.5),
    ],
)
def test_the_same_weights_with_another_setting_are_another_model(
    families: Any, read: Read, ids: Tensor, family: str, setting: str, value: Any
) -> None:
    lm, other = families(family), families(family)
    cache = DynamicCache(config=lm.config)
    read(lm, ids, cache)
    state = snapshot(lm, cache)
    other.config.use_cache, other.config.name_or_path, other.config.attention_dropout = False, "elsewhere", 0.5
    restore(other, state)  # computes the same
    setattr(other.config, setting, value)
    with pytest.raises(WrongState, match="was made with model"):
        restore(other, state)


def test_another_text_is_refused(kept: tuple[Any, State], ids: Tensor) -> None:
    lm, state = kept
    restore(lm, state, ids[:, :17].tolist())
    for other in (ids[:, :16], ids[:1, :17], ids[:, 1:18], []):
        with pytest.raises(WrongState, match="text"):
            restore(lm, state, other)


def test_another_tokenizer_is_refused(
    llama: Model, tokenizer: Any, plain_tokenizer: Any, read: Read, tmp_path: Path
) -> None:
    cache = DynamicCache(config=llama.lm.config)
    read(llama.lm, torch.tensor([[5, 6, 7]]), cache)
    state = snapshot(llama.lm, cache, [5, 6, 7], tokenizer=tokenizer)
    tokenizer.save_pretrained(tmp_path)
    marked = type(tokenizer).from_pretrained(tmp_path)
    marked(["a", "a car"], padding=True, truncation=True, max_length=3)  # leaves its mark on the tokenizer
    marked.save_pretrained(tmp_path)
    restore(llama.lm, state, [5, 6, 7], tokenizer=type(tokenizer).from_pretrained(tmp_path))
    with pytest.raises(WrongState, match="was made with tokenizer"):
        restore(llama.lm, state, tokenizer=plain_tokenizer)
    with pytest.raises(WrongState, match="without naming its tokenizer"):
        restore(llama.lm, snapshot(llama.lm, cache), tokenizer=tokenizer)
    assert tokenizer_fingerprint(tokenizer) != tokenizer_fingerprint(plain_tokenizer)


def test_one_row_and_a_list_of_one_row_are_the_same_text() -> None:
    assert prefix_hash([1, 2]) == prefix_hash([[1, 2]]) == prefix_hash(torch.tensor([1, 2]))
    assert len({prefix_hash(x) for x in ([1, 2], [[1], [2]], [12], [], [[1, 2], [1, 2]])}) == 5
    for wrong in ("hello", ["hello"], 5, [1.5], [[1], 2]):
        with pytest.raises(BadSetting, match="as the tokens that were read; expected their numbers"):
            prefix_hash(wrong)  # type: ignore[arg-type]


def test_caches_of_other_kinds_are_refused(families: Any) -> None:
    lm = families("llama")
    for cache, name in (
        (StaticCache(config=lm.config, max_cache_len=8), "StaticCache with StaticLayer"),
        ((), "tuple"),
        (None, "NoneType"),
    ):
        with pytest.raises(BadSetting, match=f"the cache is a {name}; expected transformers' DynamicCache"):
            snapshot(lm, cache)
    recording = DynamicCache(config=families("mamba").config)
    recording.activate_past_recording()
    with pytest.raises(BadSetting, match="records its past"):
        snapshot(lm, recording)


# --- damage ---


def spoiled(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The file with its description changed."""
    length = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + length])
    told = json.loads(head["__metadata__"]["forethought_state"])
    change(told)
    head["__metadata__"]["forethought_state"] = json.dumps(told)
    written = json.dumps(head).encode()
    written += b" " * (-len(written) % 8)
    return len(written).to_bytes(8, "little") + written + data[8 + length :]


def test_what_is_no_state_is_damaged(kept: tuple[Any, State], tmp_path: Path) -> None:
    data = to_bytes(kept[1])
    flipped = bytearray(data)
    flipped[-3] ^= 1
    files = [bytes(flipped), b"", b"\0", data[:-1], data[: len(data) // 2], b"\xff" * 100, data[:8] + b"[" + data[9:]]
    changes: list[Callable[[dict[str, Any]], None]] = [
        lambda told: told.update(format=99),
        lambda told: told.update(layers=told["layers"][:-1]),
        lambda told: told["layers"][0].update(kind="Popen"),
        lambda told: told["layers"][0].pop("states"),
        lambda told: told.pop("model"),
        lambda told: told.update(layers=7),
    ]
    for bad in files + [spoiled(data, change) for change in changes]:
        (tmp_path / "x").write_bytes(bad)
        with pytest.raises(Damaged, match="not a saved state"):
            load(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing")
    with pytest.raises(Damaged, match="is a folder"):
        load(tmp_path)
    with pytest.raises(BadSetting, match="got a dict as a state"):
        restore(kept[0], {})  # type: ignore[arg-type]
    restore(kept[0], from_bytes(spoiled(data, lambda told: None)))
