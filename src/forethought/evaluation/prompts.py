"""Several ways to put a desire to a model: what each gets right, and what picking the best of them would have claimed.

A model that is asked in five ways and reported in the best one is reported with the luck of five draws. Each way is
measured twice, in situations that share nothing, so that what picking would claim stands beside what holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from forethought.errors import BadSetting
from forethought.evaluation.foresight import exactly_right
from forethought.evaluation.metrics import places
from forethought.evaluation.selection import Claim, claim
from forethought.evaluation.statistics import BASELINES, Record
from forethought.evaluation.suites import Watch
from forethought.evaluation.transitions import transitions
from forethought.models import Model

PLAIN = "as it is"
PROMPTS: dict[str, str] = {
    PLAIN: "{}",
    "twice": "{} {}",
    "please": "Please: {}",
    "as a task": "Your task is this. {}",
    "with care": "{} Think of what follows first.",
}
"""Ways to put a desire, which stands where ``{}`` does. The first is how training puts it."""
SEEN, AFRESH = "prompt", "prompt_afresh"
"""Metrics of the situations to choose by, and of others: ``prompt/twice``, ``prompt_afresh/twice``."""


def prompts(
    model: Model,
    worlds: Sequence[str] = ("errand",),
    level: int = 1,
    split: str = "test",
    axes: Sequence[str] | None = None,
    n: int = 60,
    seed: int = 0,
    arm: str = "",
    progress: Watch | None = None,
    ways: Mapping[str, str] | None = None,
) -> list[Record]:
    """The share of ``n`` outcomes foreseen exactly in each place under every way to put the desire (``ways``: names to
    texts with ``{}`` for the desire), in situations of ``seed`` and again in those of ``seed + 1``.

    Raises ``BadSetting`` for ways without ``{}``, else as ``evaluate`` does.
    """
    given = dict(PROMPTS if ways is None else ways)
    wrong = [name for name, text in given.items() if "{}" not in text]
    if not given or wrong:
        raise BadSetting(f"got the ways {given}; expected texts with {{}} where the desire stands")
    records: list[Record] = []
    where = places(worlds, level, split, axes)
    for i, place in enumerate(where):
        world = place.make()
        for metric, which in ((SEEN, seed), (AFRESH, seed + 1)):
            asked = transitions(place.world, place.level, place.split, place.axis, n, which)
            for name, text in given.items():
                put = [replace(each, desire=text.replace("{}", each.desire)) for each in asked]
                records += place.record(arm, f"{metric}/{name}", exactly_right(model, world, put), seed)
        if progress is not None:
            progress(f"{place.world} {place.axis or 'in distribution'}: prompts", i + 1, len(where))
    return records


def by_prompt(records: Iterable[Record]) -> dict[str, dict[str, float]]:
    """For ``SEEN`` and ``AFRESH`` the mean over places of every way; {} where none was measured.

    Raises ``BadSetting`` unless every way was measured in both.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for record in records:
        family, _, name = record.metric.partition("/")
        if family in (SEEN, AFRESH) and record.arm not in BASELINES:
            found.setdefault(family, {}).setdefault(name, []).append(record.value)
    seen, afresh = (sorted(found.get(family, ())) for family in (SEEN, AFRESH))
    if seen != afresh:
        raise BadSetting(f"the ways {seen} were measured, and afresh {afresh}; expected the same")
    return {family: {name: fmean(values) for name, values in ways.items()} for family, ways in found.items()}


def prompt_claim(whose: str, found: Sequence[Mapping[str, Mapping[str, float]]]) -> Claim:
    """What picking the best way would have claimed, of one model or of several that are asked alike (``by_prompt``).

    Raises ``BadSetting`` for models that were not.
    """
    if not found or any(each.keys() != {SEEN, AFRESH} or each[SEEN].keys() != found[0][SEEN].keys() for each in found):
        raise BadSetting(f"{whose} was asked in different ways, or in none; expected the same ways of every model")
    seen, afresh = ({name: [each[family][name] for each in found] for name in found[0][family]}
                    for family in (SEEN, AFRESH))  # fmt: skip
    return claim(f"consequences foreseen by {whose}, over prompts", seen, afresh)
