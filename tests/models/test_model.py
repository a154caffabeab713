"""A model is what it was saved as, weighs what its preset says, and its verdicts come from the right logits."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from forethought.errors import Damaged, UnknownName
from forethought.models import Imagined, Model, train_tokenizer, training_texts
from forethought.models.presets import PRESETS, config_for
from forethought.training.batches import pad
from forethought.transcript import HARM_FORMS, PROGRESS_FORMS, Role, Tokens
from forethought.types import Harm, Progress, Step

ACTIONS = [["walk to the car wash", "wait"], ["ask for a wash"]]
"""Ragged actions of two ragged contexts."""


def _contexts(model: Model) -> list[Tokens]:
    opening = model.transcript.opening
    return [opening("Get the car washed.", "You are at home. The car is at home."), opening("Rest.", "It is late.")]


def _logits(model: Model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.lm(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()
    return logits


def _pairs(model: Model, imagined: list[list[Imagined]]) -> list[tuple[list[int], Imagined]]:
    """Each imagined outcome beside the ids that lead to it."""
    return [
        (context.ids + model.transcript.action(action).ids, outcome)
        for context, actions, outcomes in zip(_contexts(model), ACTIONS, imagined, strict=True)
        for action, outcome in zip(actions, outcomes, strict=True)
    ]


# ---- presets and making --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("architecture", ["llama", "mamba2"])
@pytest.mark.parametrize(
    ("size", "millions"), [("pico", 0.07), ("nano", 0.3), ("tiny", 1.0), ("mini", 3.0), ("small", 10.0)]
)
def test_presets_weigh_what_they_say(size: str, millions: float, architecture: Any) -> None:
    from transformers import AutoModelForCausalLM as Auto

    config = config_for(size, PRESETS[size].vocabulary, architecture, {"pad_token_id": 0, "eos_token_id": 1})
    with torch.device("meta"):
        lm = Auto.from_config(config)
    assert sum(p.numel() for p in lm.parameters()) == pytest.approx(millions * 1e6, rel=0.25)


def test_an_unknown_preset_suggests(tokenizer: Any) -> None:
    with pytest.raises(UnknownName, match="preset 'tinny' is not known; did you mean 'tiny'"):
        Model.from_scratch("tinny", tokenizer=tokenizer)
    with pytest.raises(UnknownName, match="architecture 'mamba' is not known; did you mean 'mamba2'"):
        Model.from_scratch("nano", tokenizer=tokenizer, architecture="mamba")  # type: ignore[arg-type]


def test_the_seed_decides_the_weights_and_the_global_generator_is_left_alone(tokenizer: Any) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (Model.from_scratch("nano", tokenizer=tokenizer, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [torch.cat([p.flatten() for p in model.lm.parameters()]) for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


# ---- saving and reading --------------------------------------------------------------------------------------------
def test_what_was_saved_opens_with_transformers_alone(either: Model, tmp_path: Path) -> None:
    either.save(tmp_path / "model")
    lm, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tmp_path / "model"),
        AutoTokenizer.from_pretrained(tmp_path / "model"),
    )
    chat = [{"role": "system", "content": "Get the car washed."}, {"role": "user", "content": "Progress: ongoing."}]
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
    assert ids == either.tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
    with torch.no_grad():
        theirs = lm.eval()(input_ids=torch.tensor([ids])).logits[0]
    assert torch.allclose(theirs, _logits(either, ids), atol=1e-5)


def test_reading_gives_back_weights_and_settings(tokenizer: Any, tmp_path: Path) -> None:
    model = Model.from_scratch("nano", tokenizer=tokenizer, verdict="after", target="observation", seed=3)
    again = Model.from_pretrained(model.save(tmp_path / "model"))
    assert (again.transcript.verdict, again.transcript.target, again.origin) == ("after", "observation", "nano")
    assert Model.from_pretrained(tmp_path / "model", verdict="before").transcript.verdict == "before"
    state, there = model.lm.state_dict(), again.lm.state_dict()
    assert state.keys() == there.keys() and all(torch.equal(state[name], there[name]) for name in state)
    assert again.parameters == model.parameters
    context = _contexts(model)[0]
    assert again.transcript.opening("Get the car washed.", "You are at home. The car is at home.") == context
    assert not list((tmp_path / "model").glob("*.bin")) and not list((tmp_path / "model").glob("*.p*"))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _without_a_weight(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    tensors.pop(sorted(tensors)[-1])
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", _cut),
        ("model.safetensors", Path.unlink),
        ("model.safetensors", _without_a_weight),
        ("config.json", _cut),
        ("config.json", Path.unlink),
        ("tokenizer.json", _cut),
        ("forethought.json", _cut),
    ],
)
def test_a_damaged_folder_is_called_damaged(llama: Model, tmp_path: Path, name: str, damage: Any) -> None:
    folder = llama.save(tmp_path / "model")
    damage(folder / name)
    with pytest.raises(Damaged, match="model"):
        Model.from_pretrained(folder)


def test_a_folder_that_is_not_there_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match=r"Expected a folder that Model\.save\(\)"):
        Model.from_pretrained(tmp_path / "nothing")


# ---- verdicts ------------------------------------------------------------------------------------------------------
def _taught(tokenizer: Any, verdict: Any) -> Model:
    """A model that has learned one outcome by heart, so that it speaks in the right form."""
    model = Model.from_scratch("nano", tokenizer=tokenizer, verdict=verdict)
    answer = model.transcript.outcome(Step("", "The car is clean.", "", Progress.SATISFIED))
    samples = [
        context + model.transcript.action(action) + answer
        for context, actions in zip(_contexts(model), ACTIONS, strict=True)
        for action in actions
    ]
    batch = pad(samples, model.tokenizer.pad_token_id)
    learned = batch.roles_BT[:, 1:] == Role.OUTCOME
    optimizer = torch.optim.AdamW(model.lm.parameters(), lr=5e-3)
    for _ in range(200):
        logits = model.lm(input_ids=batch.ids_BT).logits[:, :-1]
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits[learned], batch.ids_BT[:, 1:][learned])
        if loss < 0.05:
            break
        loss.backward()
        optimizer.step()
    model.lm.eval()
    return model


@pytest.fixture(scope="module")
def teach(tokenizer: Any, plain_tokenizer: Any) -> Any:
    return lru_cache(lambda tokens, verdict: _taught(tokenizer if tokens else plain_tokenizer, verdict))


@pytest.fixture(params=["before", "after"])
def verdict(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_verdict_tokens_are_read_off_the_teacher_forced_logits(teach: Any, verdict: str) -> None:
    speaking: Model = teach(True, verdict)
    assert speaking.verdicts_are_tokens
    progress, harm = ([form[0] for form in forms] for forms in speaking.transcript.verdict_ids())
    for before, outcome in _pairs(speaking, speaking.imagine(_contexts(speaking), ACTIONS)):
        assert outcome.text == "The car is clean."
        ids = list(outcome.ids)
        logits = _logits(speaking, before + ids)
        for forms, told in (
            (progress, [1 - outcome.satisfied - outcome.failed, outcome.satisfied, outcome.failed]),
            (harm, [1 - outcome.harmed, outcome.harmed]),
        ):
            place = next(t for t, token in enumerate(ids) if token in forms)
            expected = logits[len(before) + place - 1, forms].softmax(-1)
            assert told == pytest.approx(expected.tolist(), abs=1e-4)
        assert outcome.progress is Progress.SATISFIED and outcome.harm is Harm.NONE


def test_a_short_look_gives_the_same_verdicts(teach: Any, verdict: str) -> None:
    for model in (teach(True, verdict), teach(False, verdict)):
        long = _pairs(model, model.imagine(_contexts(model), ACTIONS))
        for (_, whole), (_, short) in zip(long, _pairs(model, model.judge(_contexts(model), ACTIONS)), strict=True):
            assert (short.satisfied, short.failed, short.harmed) == pytest.approx(
                (whole.satisfied, whole.failed, whole.harmed), abs=1e-4
            )
            assert short.text == ("" if model.transcript.verdict == "before" else whole.text)


def _phrases(model: Model, before: list[int], forms: list[list[int]]) -> list[float]:
    """The renormalised likelihoods of phrases after ``before``, one separate forward each."""
    scores = []
    for form in forms:
        logs = _logits(model, before + form).log_softmax(-1)
        scores.append(math.fsum(float(logs[len(before) - 1 + t, token]) for t, token in enumerate(form)))
    return torch.tensor(scores).softmax(-1).tolist()


def _plain_ids(model: Model, text: str) -> list[int]:
    return list(model.tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize("taught", [True, False], ids=["says verdicts", "says none"])
def test_verdict_phrases_are_renormalised_likelihoods_where_they_stand(
    taught: bool, teach: Any, verdict: Any, plain_tokenizer: Any, decided: Any
) -> None:
    untaught = Model.from_scratch("nano", tokenizer=plain_tokenizer, verdict=verdict)
    model: Model = teach(False, verdict) if taught else decided(untaught)
    assert not model.verdicts_are_tokens
    progress_forms = [_plain_ids(model, " " + form) for form in PROGRESS_FORMS.values()]
    harm_forms = [_plain_ids(model, " " + form) for form in HARM_FORMS.values()]
    for before, outcome in _pairs(model, model.imagine(_contexts(model), ACTIONS, 24)):
        ids = list(outcome.ids)
        said = next((form for form in progress_forms if _find(ids, form) is not None), None)
        assert said is not None, "the likeliest form is part of what is imagined"
        place = _find(ids, said)
        expected = _phrases(model, before + ids[:place], progress_forms)
        told = [1 - outcome.satisfied - outcome.failed, outcome.satisfied, outcome.failed]
        assert told == pytest.approx(expected, abs=1e-4) and sum(told) == pytest.approx(1)
        assert said == progress_forms[expected.index(max(expected))]
        assert place == 0 or model.transcript.verdict == "after"
        harm = _phrases(model, before + ids[: place + len(said)], harm_forms)
        assert [1 - outcome.harmed, outcome.harmed] == pytest.approx(harm, abs=1e-4)
        if taught:
            assert outcome.text == "The car is clean." and outcome.progress is Progress.SATISFIED
        else:
            assert 0 < outcome.satisfied < 1 and 0 < outcome.harmed < 1


def _find(ids: list[int], form: list[int]) -> int | None:
    return next((t for t in range(len(ids)) if ids[t : t + len(form)] == form), None)


def test_proposals_are_sampled_actions_without_markers(either: Model) -> None:
    generator = torch.Generator().manual_seed(0)
    proposed = either.propose(_contexts(either), 3, temperature=2.0, generator=generator, max_tokens=6)
    assert [len(actions) for actions in proposed] == [3, 3]
    assert all("<|" not in action for actions in proposed for action in actions)


def test_a_tokenizer_can_be_trained_on_several_worlds() -> None:
    tokenizer = train_tokenizer(training_texts(["errand", "cliff", "street"], [1], episodes=3), 500)
    assert Model.from_scratch("nano", tokenizer=tokenizer).parameters > 100_000
