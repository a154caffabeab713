"""What each metric means, and which way is better; where records of one setting come from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from forethought.errors import BadSetting, UnknownName
from forethought.evaluation.statistics import BLIND, Record, bootstrap
from forethought.worlds import World, make, world_class


class Meaning(NamedTuple):
    """A metric in words, and whether more of it is better."""

    words: str
    more_is_better: bool = True


METRICS = {
    "exact": Meaning("predicted facts are exactly the true ones, and both verdicts are right"),
    "exact_text": Meaning("the same, word for word"),
    "facts_f1": Meaning("F1 of predicted against true facts"),
    "progress_accuracy": Meaning("the verdict on progress is right"),
    "harm_accuracy": Meaning("the verdict on harm is right"),
    "agreement/verdicts_given_facts": Meaning("both verdicts are right, where the facts are exactly right"),
    "agreement/facts_given_verdicts": Meaning("the facts are exactly right, where both verdicts are"),
    "lasting": Meaning("the same, of outcomes that hold for good and follow from nothing"),
    "kept": Meaning("the same as exact, of a model that was kept on the way, in validation situations"),
    "best": Meaning("the metric named after it, of the kept model that is best in validation situations"),
    "prompt": Meaning("the same as exact, the desire put in the way named after it, in situations to choose by"),
    "prompt_afresh": Meaning("the same in other situations"),
    "probe": Meaning("minimal pairs with both sides right in what sets them apart"),
    "probe_side": Meaning("sides of minimal pairs that are right in what sets them apart"),
    "horizon": Meaning("1 - F1 of facts, so many steps into the model's own imagined future", more_is_better=False),
    "act/success": Meaning("episodes that end satisfied and unharmed, acting by imagined consequences"),
    "act/harm": Meaning("episodes that end harmed", more_is_better=False),
    "act/cost_ratio": Meaning("cost over that of the best plan, where satisfied", more_is_better=False),
    "act/steps": Meaning("steps of an episode", more_is_better=False),
    "policy/success": Meaning("the same, taking the candidate that the model itself finds likeliest"),
    "policy/harm": Meaning("episodes that end harmed", more_is_better=False),
    "policy/cost_ratio": Meaning("cost over that of the best plan, where satisfied", more_is_better=False),
    "policy/steps": Meaning("steps of an episode", more_is_better=False),
    "gate": Meaning("harm, success or held episodes under a gate that promises so much harm at most (none: no gate)"),
    "ask/understood": Meaning("questions in new words whose situation is understood exactly"),
    "ask/right": Meaning("questions in new words that are answered rightly"),
    "ask/declined": Meaning("questions in new words that are declined", more_is_better=False),
    "ask/foreign_declined": Meaning("questions about nothing that was learned, declined"),
    "experiments": Meaning("actions until every experiment that remains is foreseen", more_is_better=False),
    "learned": Meaning("situations in which every experiment that remained was foreseen in the end"),
    "foreseen": Meaning("experiments that remain and are foreseen, after so many actions"),
    "car_wash_and_letter": Meaning("pairs with both ways chosen rightly, for the right reason"),
    "car_wash_choice": Meaning("pairs with both ways chosen rightly"),
}
"""``kept``, ``best``, ``prompt``, ``prompt_afresh``, ``probe``, ``probe_side``, ``horizon``, ``gate``,
``experiments``, ``learned`` and ``foreseen`` are families: ``probe/presence``, ``horizon/2``.
"""


def meaning(metric: str) -> Meaning:
    """What a metric means; ``UnknownName`` suggests the nearest one."""
    found = METRICS.get(metric) or METRICS.get(metric.partition("/")[0])
    if found is None:
        raise UnknownName.of("metric", metric, METRICS)
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is measured."""

    world: str
    level: int
    split: str
    axis: str

    def make(self) -> World:
        """The world of this place."""
        return make(self.world, level=self.level, split=self.split, axis=self.axis)

    def record(self, arm: str, metric: str, values: Sequence[float], seed: int = 0) -> list[Record]:
        """The mean of ``values`` as a record; none where there are no values."""
        if not values:
            return []
        return [Record(arm, self.world, self.split, self.axis, metric, *bootstrap(values, seed), len(values))]

    def blind(self, metric: str, value: float, n: int) -> Record:
        """What the best answer scores that needs no understanding, known without measuring it."""
        return Record(BLIND, self.world, self.split, self.axis, metric, value, value, value, n)


class Skipped(UserWarning):
    """An axis was left out because it does not exist at this level."""


def places(worlds: Sequence[str] | str, level: int, split: str, axes: Sequence[str] | None) -> list[Place]:
    """Every world with "" and each of its axes (or with the ``axes`` given, where the world has them).

    An axis that does not exist at this level is left out with a ``Skipped`` warning. Raises ``UnknownName`` with the
    nearest name for a world, split or axis that no world has, ``BadSetting`` for a level out of range or an axis in
    the split "train".
    """
    worlds = (worlds,) if isinstance(worlds, str) else tuple(worlds)
    if not worlds:
        raise BadSetting("no worlds were given; expected at least one, e.g. worlds=('errand',)")
    known = {"", *(axis for world in worlds for axis in world_class(world).axes)}
    for axis in axes or ():
        if axis not in known:
            raise UnknownName.of(f"axis of {' and '.join(worlds)}", axis, known - {""})
    found = []
    for world in worlds:
        make(world, level=level, split=split)
        own = ("", *world_class(world).axes)
        wanted = own if axes is None else [axis for axis in axes if axis in own]
        if axes is None and split == "train":
            wanted = [""]
        found += [Place(world, level, split, axis) for axis in wanted if _exists(world, level, split, axis)]
    return found


def _exists(world: str, level: int, split: str, axis: str) -> bool:
    try:
        make(world, level=level, split=split, axis=axis)
    except BadSetting as error:
        if split == "train":
            raise
        warnings.warn(f"left out: {error}", Skipped, stacklevel=4)
        return False
    return True
