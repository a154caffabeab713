"""The latent part reads every text alone, keeps futures apart, and is saved beside a model that opens without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from forethought.errors import Damaged
from forethought.models import Model
from forethought.models.divergence import latent_distance
from forethought.models.latent import Latent, LatentShape
from forethought.types import Step

SHAPE = LatentShape(width=24, latent=16, members=3)


@pytest.fixture
def latent() -> Latent:
    torch.manual_seed(0)
    return Latent(SHAPE)


def _hidden(rows: int, tokens: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, tokens, SHAPE.width, generator=torch.Generator().manual_seed(seed))


def test_texts_are_read_as_each_alone_whatever_stands_beside_them(either: Model) -> None:
    transcript = either.transcript
    texts = [transcript.action_alone("walk home"), transcript.outcome_alone("You are at home. The car stays away.")]
    texts += [transcript.opening("Get the car washed.", "You are at home.")]
    with torch.inference_mode():
        together = either.hidden_at_end(texts)
        alone = torch.cat([either.hidden_at_end([text]) for text in texts])
    assert together.shape == (3, either.lm.config.hidden_size)
    assert torch.allclose(together, alone, atol=1e-4)


def test_futures_of_a_state_do_not_see_each_other(latent: Latent) -> None:
    hidden, action = _hidden(2, 7), torch.randn(2, 5, SHAPE.latent)
    seen = torch.arange(7) < torch.tensor([[7], [4]])
    memory, state = latent.memory(hidden, seen), latent.state(hidden[:, -1])
    together = latent.step(state, action, memory)
    assert together.shape == (3, 2, 5, SHAPE.latent)
    for future in range(5):
        assert torch.allclose(together[:, :, [future]], latent.step(state, action[:, [future]], memory), atol=1e-5)
    second = latent.step(state[:, [1]], action[[1]], memory.rows([1]))
    assert torch.allclose(together[:, [1]], second, atol=1e-5)


def test_what_comes_after_the_place_is_not_looked_up(latent: Latent) -> None:
    hidden, action = _hidden(1, 9), torch.randn(1, 1, SHAPE.latent)
    seen = torch.arange(9)[None] <= 4
    changed = hidden.clone()
    changed[:, 5:] += 1.0
    before, after = (
        latent.step(latent.state(h[:, 4]), action, latent.memory(h, seen)) for h in (hidden, changed)
    )  # fmt: skip
    assert torch.allclose(before, after, atol=1e-6)


def test_members_differ_and_what_is_read_off_has_their_dimension(latent: Latent) -> None:
    hidden = _hidden(2, 5)
    after = latent.step(
        latent.state(hidden[:, -1]), torch.randn(2, 4, SHAPE.latent), latent.memory(hidden, torch.ones(2, 5).bool())
    )
    assert float(latent.expected(after).detach().var(0).min()) > 0
    read = latent.read(after)
    assert [tuple(part.shape) for part in read] == [(3, 2, 4, 3), (3, 2, 4, 2), (3, 2, 4), (3, 2, 4)]
    assert latent.possible(after, torch.randn(6, SHAPE.latent)).shape == (3, 2, 4, 6)


def test_it_is_saved_beside_a_model_that_opens_without_it(tmp_path: Path, tokenizer: Any) -> None:
    model = Model.from_scratch("nano", tokenizer=tokenizer).with_latent(members=2, seed=3)
    assert model.latent is not None and model.with_latent(members=5).latent is model.latent
    folder = model.save(tmp_path / "model")
    found = Model.from_pretrained(folder).latent
    assert found is not None and found.shape.members == 2
    mine, theirs = model.latent.state_dict(), found.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() == model.parameters
    assert (
        Model.from_scratch("nano", tokenizer=tokenizer).save(tmp_path / "plain").joinpath("latent.json").exists()
        is False
    )


@pytest.mark.parametrize("name", ["latent.json", "latent.safetensors"])
def test_a_damaged_latent_part_is_said_to_be_damaged(tmp_path: Path, tokenizer: Any, name: str) -> None:
    folder = Model.from_scratch("nano", tokenizer=tokenizer).with_latent().save(tmp_path / "model")
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(Damaged, match="latent"):
        Model.from_pretrained(folder)
    (folder / name).unlink()
    if name.endswith("safetensors"):
        with pytest.raises(Damaged, match=r"latent part in .* cannot be read"):
            Model.from_pretrained(folder)


def test_the_latent_divergence_is_measured_where_there_are_latent_dynamics(tokenizer: Any) -> None:
    model = Model.from_scratch("nano", tokenizer=tokenizer)
    context = model.transcript.opening("Get the car washed.", "You are at home.")
    steps = [Step("walk home", "Nothing changes.", ""), Step("wait", "You are at home.", "")]
    assert latent_distance(model, [context] * 2, steps) == [None, None]
    one, other = latent_distance(model.with_latent(), [context] * 2, steps)
    assert one is not None and other is not None and one > 0 and one != other
    assert latent_distance(model, [context], steps[:1]) == pytest.approx([one], rel=1e-4)
    assert latent_distance(model, [], []) == []
