"""Models for the tests: one that knows nothing yet, and one that knows exactly what it was taught."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from forethought.models import Imagined, Model, train_tokenizer, training_texts
from forethought.models.foresight import Posed
from forethought.transcript import Tokens
from forethought.types import Harm, Progress, Step

NOTHING = Step("", "Nothing changes.", "")


class Knowing(Model):
    """Answers what it was taught about exactly this context and action, and otherwise that nothing changes."""

    def __init__(self, like: Model) -> None:
        super().__init__(like.lm, like.tokenizer)
        self.known: dict[tuple[tuple[int, ...], str], Step] = {}
        self.asked: list[tuple[str, str]] = []

    def teach(self, desire: str, observation: str, steps: Sequence[Step], answers: Sequence[Step] = ()) -> None:
        """Learns the outcomes of ``steps``, or ``answers`` in their place (and then what follows upon those)."""
        context = self.transcript.opening(desire, observation)
        for step, answer in zip(steps, answers or steps, strict=True):
            self.known[tuple(context.ids), step.action] = answer
            told = Step(step.action, answer.change, answer.outcome, answer.progress, answer.harm)
            context = context + self.transcript.action(step.action) + self.transcript.outcome(told)

    def teach_all(self, questions: Sequence[Posed]) -> None:
        """Learns the true outcome of every question."""
        for question in questions:
            self.teach(question.desire, question.observation, (*question.history, question.step))

    def imagine(
        self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]], max_tokens: int = 0
    ) -> list[list[Imagined]]:
        """The taught outcomes."""
        return [[self._answer(c, action) for action in some] for c, some in zip(contexts, actions, strict=True)]

    def _answer(self, context: Tokens, action: str) -> Imagined:
        self.asked.append((self.tokenizer.decode(context.ids), action))
        step = self.known.get((tuple(context.ids), action), NOTHING)
        return Imagined(
            step.change,
            float(step.progress is Progress.SATISFIED),
            float(step.progress is Progress.FAILED),
            float(step.harm is Harm.HARMED),
        )


@pytest.fixture(scope="session")
def untrained() -> Model:
    texts = list(training_texts(("errand", "cliff", "street"), (1,), episodes=12))
    return Model.from_scratch("nano", tokenizer=train_tokenizer(texts, 500))


@pytest.fixture
def knowing(untrained: Model) -> Any:
    return Knowing(untrained)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the constant answers be learned from few lessons, so that tests are quick."""
    from forethought.evaluation import foresight

    foresight.constant_answers.cache_clear()
    monkeypatch.setattr(foresight, "BLIND_LESSONS", 100)
    return foresight.constant_answers.cache_clear


@pytest.fixture(scope="session")
def latent_model(untrained: Model) -> Model:
    """Untrained, with latent dynamics."""
    return Model(untrained.lm, untrained.tokenizer).with_latent(members=2)
