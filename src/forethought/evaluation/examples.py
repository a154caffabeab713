"""Worked examples for reports: probe pairs of any world, and the car wash against the letter."""

from __future__ import annotations

import re

from forethought.errors import NotOffered
from forethought.evaluation.carwash import Errand, imagine_ways, right_for_the_reason, ways_of
from forethought.evaluation.foresight import said, score, told
from forethought.evaluation.metrics import places
from forethought.evaluation.suites import probe_pairs
from forethought.evaluation.transitions import situation_seeds
from forethought.evaluation.worked import Asked, Choice, Example, Foreseen, Lived, Mark, Marked, Way
from forethought.models import Imagined, Model
from forethought.models.foresight import Posed, predict
from forethought.types import Step
from forethought.worlds import World
from forethought.worlds.errand import ErrandWorld
from forethought.worlds.errand.state import HOME, State
from forethought.worlds.errand.town import Place as Shop
from forethought.worlds.reading import facts_in

FEET = 300
SHOPS = {
    "car wash": ("scooter", "car", "van"),
    "post office": ("suit", "letter", "pram"),
    "workshop": ("moped", "cart", "horse"),
}
"""Whom the example's places serve."""


def worked_examples(
    model: Model, world: str = "errand", level: int = 1, split: str = "test", axis: str = "", n: int = 6, seed: int = 0
) -> list[Example]:
    """``n`` minimal pairs, each of the world's probes in turn, with the model's answers and the difference marked.

    Raises ``UnknownName`` or ``BadSetting`` for a setting that does not exist, ``NotOffered`` for a world without
    probes.
    """
    (place,) = places(world, level, split, (axis,)) or (None,)
    if place is None:
        return []
    here = place.make()
    names = tuple(here.probes)
    if not names:
        raise NotOffered(f"world {world!r} has no probes to show examples of")
    drawn = {name: probe_pairs(place, name, -(-n // len(names)), seed) for name in names}
    pairs = [drawn[names[i % len(names)]][i // len(names)] for i in range(len(situation_seeds(n, seed)))]
    imagined = predict(model, [side for pair in pairs for side in (pair.left, pair.right)])
    examples = []
    for pair, left, right in zip(pairs, imagined[::2], imagined[1::2], strict=True):
        verdicts = pair.judge(facts_in(here, left.text), facts_in(here, right.text))
        answers = zip((pair.left, pair.right), (left, right), verdicts, strict=True)
        first, second = (_asked(model, here, side, answer, good) for side, answer, good in answers)
        examples.append(Example(world, split, axis, pair.name, (first, second), all(verdicts)))
    return examples


def car_wash_and_letter(model: Model, level: int = 1) -> list[Choice]:
    """The same town, everything 300 feet away: the car is to be washed, the letter to be posted; walk or drive?

    For each way there, the model imagines the trip and then, upon that imagined trip, the request for the service.
    """
    world = ErrandWorld(level=level, split="test", axis="near_driven")
    wishes = (("car", "washed", "The car is to be washed"), ("letter", "posted", "The letter is to be posted"))
    states = [_town(level, thing, done) for thing, done, _ in wishes]
    errands = [Errand(world, state) for state in states]
    dreams = imagine_ways(model, errands)
    reason = right_for_the_reason(errands[0], dreams[0], errands[1], dreams[1])
    choices = []
    for (_, _, title), errand, dreamt in zip(wishes, errands, dreams, strict=True):
        ways = []
        for name, actions in ways_of(errand).items():
            steps, works = errand.lived(actions)
            seen = tuple(foreseen(model, world, i, s) for i, s in zip(dreamt.ways[name], steps, strict=True))
            ways.append(Way(name, seen, dreamt.promise(name), works))
        desire, observation = world.wish(errand.state), world.text(errand.state)
        title = f"{title}, {FEET} feet away"
        choices.append(Choice(title, desire, observation, tuple(ways), dreamt.chosen, errand.best, reason))
    return choices


def foreseen(model: Model, world: World, imagined: Imagined, step: Step) -> Foreseen:
    """An imagined outcome beside what really happened, the difference marked; ``world`` only reads texts."""
    true = told(step, model.transcript.target)
    scored = score(world, said(imagined), step, model.transcript.target)
    return Foreseen(
        step.action,
        imagined.text,
        imagined.satisfied,
        imagined.failed,
        imagined.harmed,
        imagined.progress,
        imagined.harm,
        true,
        step.progress,
        step.harm,
        difference(world, imagined.text, true),
        scored.facts and scored.verdicts,
    )


def difference(world: World, imagined: str, true: str) -> tuple[Marked, ...]:
    """The imagined sentences, right or wrong, then those that are missing; a sentence without facts denies any."""
    predicted, actual = facts_in(world, imagined), facts_in(world, true)
    marks = []
    for sentence in _sentences(imagined):
        facts = facts_in(world, sentence)
        right = facts <= actual if facts else not actual
        marks.append(Marked(sentence, Mark.RIGHT if right else Mark.WRONG))
    for sentence in _sentences(true):
        facts = facts_in(world, sentence)
        if not facts <= predicted or (not facts and (predicted or not marks)):
            marks.append(Marked(sentence, Mark.MISSING))
    return tuple(marks)


def _asked(model: Model, world: World, side: Posed, imagined: Imagined, right: bool) -> Asked:
    history = tuple(Lived(step.action, step.change) for step in side.history)
    return Asked(side.desire, side.observation, history, foreseen(model, world, imagined, side.step), right)


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in re.findall(r"[^.!?]*(?:[.!?]|$)", text) if part.strip()]


def _town(level: int, thing: str, done: str) -> State:
    """The example's town in the form of a level: whom places serve from level 2 on, the time of day from level 3 on."""
    shops = [_shop(name, served, thing, level) for name, served in SHOPS.items()]
    here = dict.fromkeys((thing, "car"))
    places = tuple(shops[: 2 if level == 1 else 3])
    return State(((thing, done),), places, tuple((t, HOME) for t in here), part=0 if level >= 3 else -1)


def _shop(name: str, served: tuple[str, ...], thing: str, level: int) -> Shop:
    """A place; at level 1 it tells only whether it serves the errand's thing."""
    if level > 1:
        return Shop(name, served, FEET)
    return Shop(name, (thing,), FEET) if thing in served else Shop(name, (), FEET, refuses=(thing,))
