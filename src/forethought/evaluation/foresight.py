"""Asking a model for outcomes in batches, and scoring what it says against what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from forethought.evaluation.transitions import Posed, Trajectory, facts_in, transitions
from forethought.models import Imagined, Model
from forethought.models.divergence import fact_f1
from forethought.transcript import Outcome, Target, Tokens
from forethought.types import Harm, Progress, Step
from forethought.worlds import World
from forethought.worlds.grammar import verb_of

ROWS = 64
"""Outcomes imagined at once: measured on one core, 64 take 10 ms each, 16 take 14 and 256 take 17 (cache misses)."""
BLIND_LESSONS = 2_000
"""Training transitions from which the constant answers are learned."""


def context_of(model: Model, question: Posed) -> Tokens:
    """The transcript up to where the action that is asked about is due."""
    return model.transcript.so_far(question.desire, question.observation, question.history)


def imagine_each(model: Model, contexts: Sequence[Tokens], actions: Sequence[str]) -> list[Imagined]:
    """The outcome imagined of one action in each context, at most ``ROWS`` at once and of similar length together."""
    model.lm.eval()
    order = sorted(range(len(contexts)), key=lambda i: len(contexts[i]))
    found: dict[int, Imagined] = {}
    for start in range(0, len(order), ROWS):
        part = order[start : start + ROWS]
        with torch.inference_mode():
            imagined = model.imagine([contexts[i] for i in part], [[actions[i]] for i in part])
        found.update({i: outcome for i, (outcome,) in zip(part, imagined, strict=True)})
    return [found[i] for i in range(len(contexts))]


def predict(model: Model, questions: Sequence[Posed]) -> list[Imagined]:
    """The model's answer to each question."""
    contexts = [context_of(model, question) for question in questions]
    return imagine_each(model, contexts, [question.step.action for question in questions])


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


def after_imagined(model: Model, context: Tokens, action: str, outcome: Imagined) -> Tokens:
    """The transcript as it would go on if the imagined outcome of ``action`` happened."""
    step = Step(action, outcome.text, outcome.text, outcome.progress, outcome.harm)
    return context + model.transcript.action(action) + model.transcript.outcome(step)


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
