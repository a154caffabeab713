"""Asking a model for outcomes in batches, and scoring what it says against what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from forethought.evaluation.transitions import Trajectory, transitions
from forethought.models import Imagined, Model
from forethought.models.divergence import fact_f1
from forethought.models.foresight import Posed, after_imagined, imagine_each, predict
from forethought.transcript import Outcome, Target
from forethought.types import Harm, Progress, Step
from forethought.worlds import World
from forethought.worlds.grammar import verb_of
from forethought.worlds.reading import facts_in

BLIND_LESSONS = 2_000
"""Training transitions from which the constant answers are learned."""


def dream(model: Model, lived: Sequence[Trajectory]) -> list[list[Imagined]]:
    """The outcomes of each trajectory's actions, each imagined upon the model's own imagined outcomes before it."""
    contexts = [model.transcript.opening(each.desire, each.observation) for each in lived]
    dreamt: list[list[Imagined]] = [[] for _ in lived]
    for at in range(max((len(each.steps) for each in lived), default=0)):
        going = [i for i, each in enumerate(lived) if at < len(each.steps)]
        actions = [lived[i].steps[at].action for i in going]
        for i, outcome in zip(going, imagine_each(model, [contexts[i] for i in going], actions), strict=True):
            dreamt[i].append(outcome)
            contexts[i] = after_imagined(model, contexts[i], lived[i].steps[at].action, outcome)
    return dreamt


def said(imagined: Imagined) -> Outcome:
    """An imagined outcome as an answer: its words and its likeliest verdicts."""
    return Outcome(imagined.text, imagined.progress, imagined.harm)


def told(step: Step, target: Target) -> str:
    """What is to be predicted of a step, in words: the change or the whole observation."""
    return " ".join((step.change if target == "change" else step.outcome).split())


@dataclass(frozen=True, slots=True)
class Score:
    """How one answer compares with what happened; saying nothing at all is never exactly right."""

    facts: bool
    text: bool
    f1: float
    progress: bool
    harm: bool

    @property
    def verdicts(self) -> bool:
        """Both verdicts are right."""
        return self.progress and self.harm


def score(world: World, answer: Outcome, step: Step, target: Target = "change") -> Score:
    """Compares an answer with a step's outcome; ``world`` only reads texts."""
    true = told(step, target)
    predicted, actual = facts_in(world, answer.text), facts_in(world, true)
    return Score(
        bool(answer.text) and predicted == actual,
        answer.text == true,
        fact_f1(predicted, actual),
        answer.progress is step.progress,
        answer.harm is step.harm,
    )


def exactly_right(model: Model, world: World, asked: Sequence[Posed]) -> list[bool]:
    """Whether each outcome is foreseen exactly: the facts are the true ones and both verdicts are right."""
    target = model.transcript.target
    scores = [
        score(world, said(imagined), question.step, target)
        for imagined, question in zip(predict(model, asked), asked, strict=True)
    ]
    return [each.facts and each.verdicts for each in scores]


@lru_cache(maxsize=16)
def constant_answers(world: str, level: int, target: Target = "change") -> dict[str, Outcome]:
    """The most frequent outcome of each verb in the training split (of all verbs: under "")."""
    seen: dict[str, Counter[Outcome]] = {}
    for lesson in transitions(world, level, "train", "", BLIND_LESSONS):
        answer = Outcome(told(lesson.step, target), lesson.step.progress, lesson.step.harm)
        for verb in (verb_of(lesson.step.action), ""):
            seen.setdefault(verb, Counter())[answer] += 1
    return {verb: counts.most_common(1)[0][0] for verb, counts in seen.items()}


def blind_answer(answers: dict[str, Outcome], action: str) -> Outcome:
    """The constant answer to an action."""
    return answers.get(verb_of(action)) or answers.get("") or Outcome("", Progress.ONGOING, Harm.NONE)
