"""An update lowers the loss, keeps to its schedule, and never learns a warning."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from forethought.config import TrainConfig
from forethought.errors import UnknownName
from forethought.models import Model
from forethought.training.batches import Batch, pack, pad
from forethought.training.learner import WIDE, Learner, autocast_dtype, last_outcome
from forethought.transcript import Role, Tokens
from forethought.types import Progress, Question, Step

NewModel = Callable[..., Model]
WALK = Step("walk to the library", "You are at the library.", "You are at the library.")
ASK = Step("ask for the book", "You have the book.", "You have the book.", Progress.SATISFIED)
WAIT = Step("wait", "Nothing changes.", "You are at home.")


def _learner(model: Model, **settings: Any) -> Learner:
    return Learner(model, TrainConfig.of(**{"precision": "float32", "warmup_updates": 2, **settings}))


def _samples(model: Model, *steps: Step) -> list[Tokens]:
    tokens = model.transcript.opening("Get the book.", "You are at home.")
    for step in steps:
        tokens = tokens + model.transcript.action(step.action) + model.transcript.outcome(step)
    return [tokens]


def _warned(text: str) -> Step:
    return Step("fly", "", "", warning=text)


def _gradients(learner: Learner, batch: Batch) -> torch.Tensor:
    learner.optimizer.zero_grad()
    loss, _ = learner._token_loss(batch, learner._hidden(batch))
    loss.total.backward()
    parameters = learner.model.lm.parameters()
    return torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in parameters])


@pytest.mark.parametrize("architecture", ["llama", "mamba2"])
def test_a_few_updates_on_one_batch_lower_the_loss(new_model: NewModel, architecture: str) -> None:
    learner = _learner(new_model(architecture=architecture))
    samples = _samples(learner.model, WALK, ASK) + _samples(learner.model, WAIT)
    lessons = [learner.update(samples, number, 0.0) for number in range(8)]
    told = [lesson.figures for lesson in lessons]
    assert told[-1]["outcome"] < 0.8 * told[0]["outcome"] and told[-1]["action"] < told[0]["action"]
    assert all(lesson.tokens == sum(len(sample) for sample in samples) for lesson in lessons)
    assert all(len(lesson.surprise) == len(samples) for lesson in lessons)
    assert told[0]["outcome"] == pytest.approx(math.log(len(learner.model.tokenizer)), rel=0.2)


def test_equal_weights_and_samples_give_equal_weights_again(new_model: NewModel) -> None:
    learners = [_learner(new_model()) for _ in range(2)]
    for learner in learners:
        for number in range(3):
            learner.update(_samples(learner.model, WALK, ASK), number, 0.1)
    one, other = (list(learner.model.lm.parameters()) for learner in learners)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_warning_alone_teaches_nothing(new_model: NewModel) -> None:
    learner = _learner(new_model(), action_weight=0.0)
    samples = _samples(learner.model, _warned("'fly' is not an action here"))
    assert not _gradients(learner, pad(samples, 0)).any()
    assert learner.update(samples, 0, 0.0).figures["gradient_norm"] == 0.0


def test_what_a_warning_says_changes_no_gradient(new_model: NewModel) -> None:
    learner = _learner(new_model())
    one, other = (
        _gradients(learner, pad(_samples(learner.model, WALK, _warned(text)), 0))
        for text in ("'fly' is not an action here", "no such action is known to this world")
    )
    assert one.any() and torch.allclose(one, other, atol=1e-6)


def test_actions_that_led_to_a_warning_are_learned_only_as_proposals(new_model: NewModel) -> None:
    learner = _learner(new_model())
    told = learner.update(_samples(learner.model, _warned("no")), 0, 0.0).figures
    assert math.isnan(told["outcome"]) and told["action"] > 0


def test_desires_and_observations_are_learned_only_when_asked_for(new_model: NewModel) -> None:
    alone = {"outcome_weight": 0.0, "action_weight": 0.0}
    samples = _samples(new_model(), WALK)
    assert not _gradients(_learner(new_model(), **alone), pad(samples, 0)).any()
    assert _gradients(_learner(new_model(), **alone, language_weight=0.1), pad(samples, 0)).any()


def test_packed_transcripts_teach_what_padded_ones_teach(new_model: NewModel) -> None:
    learner = _learner(new_model())
    samples = [*_samples(learner.model, WALK, ASK), *_samples(learner.model, WAIT), *_samples(learner.model, WALK)]
    width = sum(len(sample) for sample in samples)
    packed = pack(samples, 0, width)
    assert len(packed.ids_BT) == 1
    assert torch.allclose(_gradients(learner, packed), _gradients(learner, pad(samples, 0)), atol=1e-5)


@pytest.mark.parametrize(
    ("cooling", "expected"), [(0.2, [1.0, 1.0, 0.5, 0.05, 0.05]), (0.8, [0.625, 0.25, 0.125, 0.05, 0.05])]
)
def test_the_rate_rises_stays_and_falls_to_a_twentieth(
    cooling: float, expected: list[float], new_model: NewModel
) -> None:
    learner = _learner(new_model(), warmup_updates=4, cooling=cooling)
    samples = _samples(learner.model, WAIT)
    rising = [learner.update(samples, number, 0.0).figures["rate"] for number in range(5)]
    assert rising == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    falling = [learner.update(samples, 100, progress).figures["rate"] for progress in (0.0, 0.5, 0.8, 0.9, 1.0, 1.2)]
    assert falling == pytest.approx([1.0, *expected])


def test_no_warmup_starts_at_the_full_rate(new_model: NewModel) -> None:
    learner = _learner(new_model(), warmup_updates=0)
    assert learner.update(_samples(learner.model, WAIT), 0, 0.0).figures["rate"] == 1.0


@pytest.mark.parametrize("fast", [True, False])
def test_precision_is_what_was_set_and_auto_follows_the_machine(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: fast)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    cpu = torch.device("cpu")
    assert autocast_dtype("float32", cpu, WIDE) is None
    assert autocast_dtype("bfloat16", cpu, 8) is torch.bfloat16
    assert autocast_dtype("auto", cpu, WIDE) is (torch.bfloat16 if fast else None)
    assert autocast_dtype("auto", cpu, WIDE - 1) is None


def test_half_precision_says_nearly_the_same_and_keeps_full_weights(new_model: NewModel) -> None:
    told = []
    for precision in ("float32", "bfloat16"):
        learner = _learner(new_model(), precision=precision)
        told.append(learner.update(_samples(learner.model, WALK, ASK), 0, 0.0).figures)
        assert all(p.dtype == torch.float32 for p in learner.model.lm.parameters())
    assert told[0]["outcome"] == pytest.approx(told[1]["outcome"], rel=0.02)
    assert told[0]["gradient_norm"] == pytest.approx(told[1]["gradient_norm"], rel=0.1)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(UnknownName, match="precision 'float16' is not known; did you mean 'bfloat16'"):
        TrainConfig.of(precision="float16")


def test_only_what_follows_the_last_action_is_the_last_outcome() -> None:
    roles_BT = torch.tensor([[Role.ACTION, Role.OUTCOME, Role.ACTION, Role.OUTCOME, Role.OUTCOME, Role.CONTEXT]])
    assert last_outcome(roles_BT).tolist() == [[False, False, False, True, True, False]]
    blocks_BT = torch.tensor([[0, 0, 1, 1, 1, -1]])
    assert last_outcome(roles_BT, blocks_BT).tolist() == [[False, True, False, True, True, False]]


def test_what_a_question_teaches_does_not_depend_on_what_is_in_its_batch(new_model: NewModel) -> None:
    learner = _learner(new_model(), outcome_weight=0.0, action_weight=0.0)
    question = Question("Walk or drive?", "Get the book.", "You are at home.", ("walk home", "drive home"))
    transcript = learner.model.transcript
    asked = transcript.question(question.text) + transcript.situation(question)
    told = []
    for others in ([], _samples(learner.model, WALK, ASK, WAIT), _samples(learner.model, WAIT) * 5):
        fresh = _learner(new_model(), outcome_weight=0.0, action_weight=0.0)
        fresh.update([asked, *others], 0, 0.0)
        told.append(torch.cat([p.detach().flatten() for p in fresh.model.lm.parameters()]))
    for other in told[1:]:
        assert torch.allclose(told[0], other, atol=1e-5)
    assert learner.update([asked], 0, 0.0).figures["situation"] > 0
