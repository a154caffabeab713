"""Who answers: a model that makes a situation of a question, imagines each way, and says what decides between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from forethought.errors import BadSetting
from forethought.models import Heard, Imagined, Model
from forethought.models.foresight import after_imagined
from forethought.planning import Dynamics, Option, Planner, Situation, imagination
from forethought.transcript import Tokens

LONGEST = 1000
"""Characters of a question at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question was taken to be about, and the ways that it names, best first.

    There are none where the question was not understood: it is outside what the model has learned.
    """

    question: str
    heard: Heard
    options: tuple[Option, ...]

    @property
    def choice(self) -> str:
        """The way that is best; empty where the question was not understood."""
        return self.options[0].action if self.options else ""

    @property
    def hopeful(self) -> bool:
        """Whether that way is imagined to bring what is desired."""
        return bool(self.options) and self.options[0].hopeful

    @property
    def reason(self) -> str:
        """The consequences that decided: what is imagined of the best way, and of the next best."""
        return " ".join(map(told, self.options[:2]))


def told(option: Option) -> str:
    """What is imagined of a way, to the end, in words."""
    first, *rest = option.path
    then = [f"Then {after.action}: {after.imagined.text}" for after in rest]
    return " ".join([f"If you {first.action}: {first.imagined.text}", *then])


def answer(
    model: Model, question: str, planner: Planner | None = None, dynamics: Dynamics | None = None, seed: int = 0
) -> Answer:
    """Answers a question about what to do; ``BadSetting`` if the model was never taught what questions are about, or
    if there is no question.
    """
    if model.sure is None:
        raise BadSetting(
            "this model was never taught what questions are about; train one with question_share above 0 "
            "(forethought train --question-share 0.125)"
        )
    question = " ".join(question.split())
    if not 0 < len(question) <= LONGEST:
        raise BadSetting(f"a question of {len(question)} characters; expected 1 to {LONGEST}")
    model.lm.eval()
    (heard,) = model.hear([question])
    if heard.confidence < model.sure:
        return Answer(question, heard, ())
    situation = Situation(model.transcript.opening(heard.desire, heard.observation), heard.options)
    generator = torch.Generator(device=model.device).manual_seed(seed)
    with torch.inference_mode():
        (options,) = (planner or Planner()).options(dynamics or imagination(model), [situation], generator)
        weighed = [_worded(model, situation.context, option) for option in options[:2]]
    return Answer(question, heard, (*weighed, *options[2:]))


def _worded(model: Model, context: Tokens, option: Option) -> Option:
    """The option with what is imagined of it, and of the best after it, in words, where it was imagined without."""
    future = option.imagined
    if not future.text:
        ((said,),) = model.imagine([context], [[option.action]])
        future = replace(future, text=said.text)
    outcome = Imagined(future.text, future.satisfied, future.failed, future.harmed)
    after = after_imagined(model, context, option.action, outcome)
    return replace(option, imagined=future, next=tuple(_worded(model, after, best) for best in option.next[:1]))
