"""Arms differ in what they live through and learn from, and in nothing else."""

from __future__ import annotations

import random
import re
import warnings
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

import forethought as ft
from forethought.config import Arm, TrainConfig
from forethought.errors import BadSetting, UnknownName
from forethought.experience import ExperienceStore, Replay
from forethought.models import Model, train_tokenizer, training_texts
from forethought.training.arms import WAYS, Family, Source, Twist, fitted, lacks_nothing, way_of
from forethought.training.curriculum import Curriculum, Stage
from forethought.training.lessons import Teacher
from forethought.training.lives import Lives, recorded, sampled
from forethought.training.reasoning import reason, reasoned
from forethought.training.twists import substituted, things, twisted
from forethought.transcript import Role
from forethought.types import Ending, Episode, Step
from forethought.worlds import make

SMALL: dict[str, object] = {
    "batch_steps": 8,
    "first_episodes": 8,
    "live_episodes": 4,
    "live_every": 1,
    "checkpoint_updates": 100,
}
SMALL |= {"checkpoint_updates": 99, "practice_share": 0.0, "commit_rate": 0.0}
"""Imagining what an untrained model foresees takes long."""


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.from_scratch("nano", tokenizer=train_tokenizer(training_texts(["errand"], [1], episodes=20), 500))


@pytest.fixture(scope="module")
def start(model: Model, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model as a folder that every run starts from."""
    folder = tmp_path_factory.mktemp("start") / "model"
    model.save(folder)
    return str(folder)


@pytest.fixture(scope="module")
def run(start: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A developmental run that others are yoked to."""
    folder = tmp_path_factory.mktemp("runs") / "developmental"
    ft.train(folder=folder, model=start, budget_tokens=3000, **SMALL)
    return folder


def config(arm: str, **settings: object) -> TrainConfig:
    return fitted(TrainConfig.of(arm=arm, **{**SMALL, **settings}))


def lives(model: Model, arm: str, **settings: object) -> Lives:
    made = config(arm, **settings)
    return Lives(model, made, Curriculum(made))


def test_every_arm_has_its_way() -> None:
    assert set(WAYS) == set(get_args(Arm)) and {way.family for way in WAYS.values()} == set(Family)
    with pytest.raises(UnknownName, match=r"arm 'placeba' is not known; did you mean 'placebo'"):
        way_of("placeba")


def test_what_an_arm_decides_is_told_where_it_overrules_and_what_it_needs_is_asked_for() -> None:
    assert fitted(TrainConfig.of(arm="static-random")).balance == "uniform"
    with pytest.warns(UserWarning, match=r"latent_weight is 0\.0 in the arm 'token-only', not 0\.05"):
        assert fitted(TrainConfig.of(arm="token-only", latent_weight=0.05)).latent_weight == 0.0
    for arm, needed in (("static-same", "recorded"), ("placebo", "recorded"), ("latent-only", "latent_weight")):
        with pytest.raises(BadSetting, match=f"arm '{arm}' needs the setting '{needed}'"):
            fitted(TrainConfig.of(arm=arm))


@pytest.mark.parametrize(
    ("arm", "policies"),
    [
        ("imitation", {"demonstrator custom"}),
        ("static-random", {"random"}),
        ("static-mixed", {"demonstrator best", "demonstrator custom", "demonstrator custom straying", "random"}),
        ("echo-sft", {"demonstrator custom", "policy"}),
        ("developmental", {"babble"}),
    ],
)
def test_each_source_is_lived_through_and_follows_from_the_seeds(arm: str, policies: set[str], model: Model) -> None:
    def lived() -> list[Episode]:
        here, rng = lives(model, arm), random.Random(3)
        return [e for start in (0, 8) for e in here.spell("errand", range(start, start + 8), rng)]

    episodes = lived()
    assert {episode.policy for episode in episodes} == policies
    assert [e.seed for e in episodes] == [e.seed for e in lived()] and episodes == lived()
    assert len({e.seed for e in episodes}) == len(episodes)


def test_who_begins_with_demonstrations_babbles_later(model: Model) -> None:
    here = lives(model, "imitation-then-developmental", practice_after=0.9)
    policies = []
    for progress in (0.0, 0.3, 0.4, 0.8):
        here.curriculum.advance(progress)
        policies.append({e.policy for e in here.spell("errand", range(4), random.Random(0))})
    assert policies == [{"demonstrator custom"}] * 2 + [{"babble"}] * 2
    assert here.curriculum.stage is Stage.BABBLE
    staged, other = lives(model, "developmental"), lives(model, "no-stages")
    for each in (staged, other):
        each.curriculum.advance(0.0)
    assert (staged.curriculum.stage, other.curriculum.stage) == (Stage.BABBLE, Stage.PRACTICE)


def test_another_runs_experience_is_taken_whole_and_once(model: Model, run: Path) -> None:
    here = lives(model, "static-same", recorded=str(run))
    first = here.spell("errand", range(0, 4), random.Random(0))
    assert (
        first == list(ExperienceStore(run / "episodes").episodes())
        and here.spell("errand", range(4, 8), random.Random(0)) == []
    )
    assert here.curriculum.stage is Stage.CORPUS
    with pytest.raises(BadSetting, match="no experience of world 'cliff'"):
        recorded(str(run), "cliff")


def test_actions_and_outcomes_are_learned_from_the_sources_that_the_arm_says(model: Model, run: Path) -> None:
    for arm, acting, hearing in (
        ("echo-sft", {Source.CUSTOM}, {Source.POLICY}),
        ("placebo", {Source.CUSTOM}, {Source.CUSTOM, Source.RECORDED}),
    ):
        here = lives(model, arm, recorded=str(run))
        teacher = Teacher(model, here.config)
        for episode in here.spell("errand", range(0, 8), random.Random(0)):
            teacher.remember(episode)
        sources = [source for source, *_ in teacher._drawn(random.Random(0), 0, {})]
        for source, sample in zip(sources, teacher.lessons(0, {}).samples, strict=True):
            assert (Role.ACTION in sample.roles) == (source in acting)
            assert (Role.OUTCOME in sample.roles) == (source in hearing)
        assert len(set(sources)) == 2 and abs(2 * sources.count(sources[0]) - len(sources)) <= 1


def test_a_placebo_hears_of_its_own_things_what_happened_to_others(model: Model, run: Path) -> None:
    replay = Replay(0)
    for episode in recorded(str(run), "errand"):
        replay.add(episode)
    world, rng, changed, readable = make("errand"), random.Random(0), 0, 0

    named = re.compile(r"The ([a-z ]+?) (?:is|can|serves|refuses|stays)\b")
    opened = [f"{e.desire} {e.observation}" for e in map(replay.episode, range(replay.episodes))]
    nouns = {noun for text in opened for noun in named.findall(text)}
    assert {"car", "workshop"} <= nouns
    for number in range(replay.episodes):
        episode = replay.episode(number)
        last = len(episode.steps) - 1
        other = twisted(Twist.EXCHANGED, episode, last, replay, rng)
        assert [s.action for s in other.steps] == [s.action for s in episode.steps]
        changed += other.steps[last].change != episode.steps[last].change
        facts = world.read(other.steps[last].change)
        readable += not any(fact[0] == "unreadable" for fact in facts)
        shuffled = twisted(Twist.SHUFFLED, episode, last, replay, rng)
        assert [s.change for s in shuffled.steps] == [s.change for s in episode.steps]
        assert any(a.action != b.action for a, b in zip(shuffled.steps, episode.steps, strict=True))
        for noun in nouns:
            assert f" {noun}" not in other.steps[last].change or f" {noun}" in opened[number]
    assert changed > 0.9 * replay.episodes and readable > 0.8 * replay.episodes
    assert twisted(Twist.NONE, episode, 0, replay, rng) is episode


def test_a_reason_tells_what_bears_on_the_action_and_is_written_before_acting(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "The moped is at home. The car is at home. At the surveyor they accept the moped. It rains."
    step = Step("ride the moped to the surveyor", "You are there.", "You are there.")
    episode = Episode("errand", 1, "train", 0, "Get the moped measured.", told, (step,), Ending.SATISFIED, "custom")
    said = reason(episode, 0)
    assert said == "Get the moped measured. The moped is at home. At the surveyor they accept the moped."
    lesson = reasoned(model.transcript, episode, 0)
    text = model.tokenizer.decode([i for i, r in zip(lesson.ids, lesson.roles, strict=True) if r == Role.ACTION])
    assert said in text and "ride the moped" in text and "rains" not in text and "You are there" not in text
    context = model.transcript.opening(episode.desire, told)
    plain = model.preferences([context], [["walk home", step.action]])
    monkeypatch.setattr(model, "reasons", True)
    monkeypatch.setattr(model, "propose", lambda contexts, count, **_: [[said] for _ in contexts])
    thought = model.preferences([context], [["walk home", step.action]])
    assert thought != plain and Model.from_pretrained(model.save(tmp_path / "saved")).reasons


def test_arms_of_demonstrations_draw_every_step_equally_often() -> None:
    drawn = {"balance", "curiosity", "hindsight_share", "siblings", "own_desires", "distil_share"}
    for arm in ("imitation", "imitation-masked", "static-mixed", "placebo", "echo-sft", "verbal-reasoning"):
        config = fitted(TrainConfig.of(arm=arm, recorded="here"))
        assert config.balance == "uniform" and config.curiosity == "none", arm
        same = fitted(TrainConfig.of(arm="imitation")).model_dump(include=drawn)
        assert config.model_dump(include=drawn) == same, arm


def test_an_ablation_takes_away_what_is_there() -> None:
    assert not lacks_nothing(TrainConfig.of(arm="token-only", latent_weight=0.05))
    assert lacks_nothing(TrainConfig.of(arm="token-only")) and not lacks_nothing(TrainConfig.of(arm="no-stages"))
    assert not lacks_nothing(TrainConfig.of(arm="developmental"))


def test_things_are_substituted_as_wholes() -> None:
    words = things("walk to the car wash", "walk to the workshop")
    assert words == {"car wash": "workshop"}
    desires = things("Please have the letter polished.", "Get the moped valued.")
    assert desires["letter"] == "moped" and desires["polished"] == "valued"
    assert things("walk home", "walk to the workshop") == {}
    assert substituted("You are at the car wash. The car stays.", words) == "You are at the workshop. The car stays."
    swapped = substituted("The car is at the workshop.", {"car": "workshop", "workshop": "car"})
    assert swapped == "The workshop is at the car."
    assert substituted("Nothing changes.", {}) == "Nothing changes."


def test_a_policy_is_sampled_as_likely_as_the_model_finds_it(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    from forethought.planning import Situation

    monkeypatch.setattr(model, "preferences", lambda contexts, candidates: [[0.0, -1.0986] for _ in contexts])
    situation = Situation(model.transcript.opening("Go.", "You are here."), ("stay", "go"))
    rng = random.Random(0)
    chosen = [action for _ in range(100) for action in sampled(model)([situation] * 4, rng)]
    assert 0.70 < chosen.count("stay") / len(chosen) < 0.80


@pytest.mark.parametrize("arm", sorted(set(get_args(Arm)) - {"developmental", "imitation"}))
def test_every_arm_trains_to_the_end_and_goes_on_where_it_stopped(
    arm: str, start: str, run: Path, tmp_path: Path
) -> None:
    latent = 0.05 if arm == "latent-only" else 0.0
    settings = {**SMALL, "model": start, "recorded": str(run), "latent_weight": latent, "budget_tokens": 5000}
    settings |= {"checkpoint_updates": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = ft.train(folder=tmp_path / "whole", arm=arm, **settings)

        def stop(moment: object) -> None:
            if moment.update == 2:  # type: ignore[attr-defined]
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ft.train(folder=tmp_path / "parts", arm=arm, watch=stop, **settings)
        parts = ft.train(folder=tmp_path / "parts", arm=arm, **settings)
    assert whole.finished and parts.metrics() == whole.metrics() and len(whole.metrics()) > 2
    assert Model.from_pretrained(whole.model).fingerprint() == Model.from_pretrained(parts.model).fingerprint()


def test_the_docs_tell_what_each_arm_does() -> None:
    told = (Path(__file__).parents[2] / "docs" / "arms.md").read_text("utf-8")
    for arm, way in WAYS.items():
        assert f"| `{arm}` | {way.family} | {way.words} |" in told


def test_siblings_begin_one_situation_with_different_actions_and_are_drawn_together(model: Model) -> None:
    made = config("developmental", siblings=4)
    episodes = lives(model, "developmental", siblings=4).spell("errand", range(16), random.Random(0))
    begun: dict[tuple[int, str], list[Episode]] = {}
    for episode in episodes:
        begun.setdefault((episode.seed, episode.observation), []).append(episode)
    assert [len(group) for group in begun.values()] == [4] * 4
    for group in begun.values():
        first = [episode.steps[0].action for episode in group]
        assert len(set(first)) == 4
    teacher = Teacher(model, made.model_copy(update={"hindsight_share": 0.0}))
    for episode in episodes:
        teacher.remember(episode)
    drawn = [step for update in range(20) for step in teacher._drawn(random.Random(update), update, {})]
    assert len(drawn) == 20 * made.batch_steps
    first = [episode.seed for _, episode, index, _ in drawn if index == 0]
    pairs = sum(one == other for one, other in pairwise(first))
    assert pairs > len(first) / 2
    assert fitted(TrainConfig.of(arm="static-mixed")).siblings == 1
