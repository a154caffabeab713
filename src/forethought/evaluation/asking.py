"""Whether questions are understood, answered rightly, and declined where they are outside what was learned."""

from __future__ import annotations

from collections.abc import Sequence

from forethought.asking import answer
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.statistics import Record
from forethought.evaluation.suites import Watch
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Model
from forethought.planning import Planner
from forethought.training.questions import asked_about, understood

FOREIGN = (
    "What is the capital of France?",
    "Is it going to rain today?",
    "Should I buy a car or a horse?",
    "I need my hair cut and the barber is 300 feet away. Should I walk or drive?",
    "My yacht must be washed and the harbour is 600 feet away. Do I walk or drive?",
    "I want my piano tuned. The tuner is 2000 feet from here. Do I walk or drive?",
    "The dentist is 400 feet away and my tooth has to be pulled. Shall I walk or drive there?",
    "Walk or drive? My daughter should be fetched, and it is 1500 feet to the school.",
    "How should I go to the moon? It is far. I can walk or drive.",
    "Should I delete all my mails?",
    "Who are you?",
    "Tell me a story about a dog and a car.",
    "2 + 2",
    "To get rich, is it better to work or to pray?",
    "I need bread and the baker is 300 feet away. Should I walk or drive?",
    "My car is red.",
    "Can you wash the dog?",
    "Is it wise to swim across the river, or should I take the bridge?",
    "Write a poem.",
    "asdf qwer zxcv",
)
"""Questions about nothing that a world tells of, some of them in the words of those that are."""


def ask(
    model: Model,
    worlds: Sequence[str] = ("errand",),
    level: int = 1,
    split: str = "test",
    axes: Sequence[str] | None = None,
    n: int = 100,
    seed: int = 0,
    planner: Planner | None = None,
    arm: str = "",
    progress: Watch | None = None,
) -> list[Record]:
    """Asks ``n`` questions in each place where anybody asks, in wordings that training does not have: whether they were
    understood (``ask/understood``), answered rightly (``ask/right``) or declined (``ask/declined``), and whether
    ``FOREIGN`` questions were declined (``ask/foreign_declined``). Raises as ``evaluate`` and ``answer`` do.
    """
    records: list[Record] = []
    where = [place for place in places(worlds, level, split, axes) if asked_about([place.make()])]
    for i, place in enumerate(where):
        world = place.make()
        values: dict[str, list[float]] = {"understood": [], "right": [], "declined": []}
        for number in situation_seeds(n, seed):
            question = world.question(number)
            found = answer(model, question.text, planner, seed=seed)
            values["understood"].append(understood(found.heard, question))
            values["right"].append(found.choice in question.right)
            values["declined"].append(not found.options)
        for metric, these in values.items():
            records += place.record(arm, f"ask/{metric}", these, seed)
        if progress is not None:
            progress(f"{place.world} {place.axis or 'in distribution'}: questions", i + 1, len(where))
    if where:
        declined = [not answer(model, text, planner, seed=seed).options for text in FOREIGN]
        records += Place(where[0].world, level, split, "").record(arm, "ask/foreign_declined", declined, seed)
    return records
