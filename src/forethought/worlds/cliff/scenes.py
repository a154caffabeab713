"""Situations of the cliff world: what a moment there is, and how one is drawn."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from forethought.worlds.cliff import ledge
from forethought.worlds.cliff.ledge import BRIDGE, CALM, GAP, ICE, OUTSIDE, ROCK, ROPE, STEPS, STRIDE, Cell, Rules

ALL_KNOWN = -1
GAPS = {1: (2, 4), 2: (3, 5), 3: (3, 5), 4: (5, 9)}
ROPES = {1: (0, 1), 2: (0, 1), 3: (0, 1), 4: (0, 2)}
ICES = {1: (0, 0), 2: (3, 5), 3: (2, 4), 4: (3, 6)}
BRIDGES = {1: (0, 0), 2: (0, 0), 3: (1, 2), 4: (1, 3)}
CHASM = 0.4
"""How often a line of gaps with few crossings runs through the map."""
STARTS_TRIED = 3


class State(NamedTuple):
    """A moment on the ledges; spots are indices into ``ground`` (see ``ledge``).

    ``winds`` are the wind that blows and the one after a wait (one only: it stays; none: no wind at this level).
    ``lies`` is where the thing is while it is not carried, ``known`` has a bit for each spot that fog does not hide.
    """

    ground: str
    at: int
    start: int
    goal: int
    task: str = "reach"
    winds: tuple[str, ...] = ()
    thing: str = ""
    weight: str = ""
    lies: int = -1
    carried: bool = False
    known: int = ALL_KNOWN
    fell: bool = False
    tell: int = 0
    ask: int = 0

    @property
    def wind(self) -> str:
        """The wind that blows, ``calm``, or nothing where the level has no wind."""
        return self.winds[0] if self.winds else ""

    @property
    def load(self) -> Cell:
        """The thing carried and its weight, if any."""
        return (self.thing, self.weight) if self.carried and self.weight else ()

    @property
    def laden(self) -> bool:
        """Whether a bridge would break under the load."""
        return self.carried and self.weight == "heavy"

    def knows(self, spot: int) -> bool:
        """Whether what is at a spot has been told."""
        return self.known == ALL_KNOWN or bool(self.known >> spot & 1)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A map before anyone stands on it; ``wanted`` is the family of cells it must offer on the axis ``terrain``."""

    ground: str
    winds: tuple[str, ...]
    task: str
    thing: str
    weight: str
    wanted: str

    @property
    def load(self) -> Cell:
        """What may be carried over bridges here."""
        return (self.thing, self.weight) if self.weight else ()


def draw(rng: random.Random, rules: Rules, wordings: tuple[tuple[int, ...], tuple[int, ...]]) -> State:
    """A situation that can be solved and that ``rules`` allow; ``wordings``: of observations and of desires."""
    while True:
        scene = _scene(rng, rules)
        if trip := _trip(rng, rules, scene):
            break
    start, goal = trip
    carries = bool(scene.thing) and scene.task == "reach"
    return State(
        ground=scene.ground,
        at=start,
        start=start,
        goal=goal,
        task=scene.task,
        winds=scene.winds,
        thing=scene.thing,
        weight=scene.weight,
        lies=-1 if carries or not scene.thing else goal if scene.task == "get" else start,
        carried=carries,
        known=ledge.around(start, 1) if rules.level >= 4 else ALL_KNOWN,
        tell=rng.choice(wordings[0]),
        ask=rng.choice(wordings[1]),
    )


def fits(state: State, rules: Rules, way_too: bool = True) -> bool:
    """Whether ``rules`` may generate this situation; ``way_too``: the length of the way counts as well."""
    load = (state.thing, state.weight) if state.weight else ()
    if not all(rules.permits(cell) for cell in ledge.cells(state.ground, state.winds, load)):
        return False
    moves = moves_needed(state)
    leads = rules.may_take(state.start, state.goal, moves) if way_too else moves > 0
    return leads and rules.may_aim(state.start, state.goal)


def moves_needed(state: State) -> int:
    """The fewest moves from the start to the goal with every wind that may blow; 0 if there is no way."""
    laden = state.task == "bring" and state.weight == "heavy"
    return ledge.first(ledge.layers(state.ground, state.start, state.winds, laden), state.goal)


# ---- drawing a map ------------------------------------------------------------------------------------------------
def _scene(rng: random.Random, rules: Rules) -> _Scene:
    level = rules.level
    families = ("place", "ice", "bridge")[: min(level, 3)]
    wanted = rng.choice(families) if rules.axis == "terrain" else ""
    task = rng.choice(("reach", "get", "bring")[: min(level, 3)])
    thing = weight = ""
    if wanted == "bridge":
        task = rng.choice(("reach", "bring"))
        thing, weight = rng.choice(_loads(rules))
    elif level >= 3:
        thing, weight = rng.choice(_loads(Rules(level, "train", "")))
    elif task == "get":
        thing = rng.choice(ledge.THINGS)
    if task == "reach" and level >= 3 and wanted != "bridge" and rng.random() < 0.3:
        thing = weight = ""
    winds = _winds(rng, level)
    return _Scene(_ground(rng, rules, winds), winds, task, thing, weight, wanted)


def _winds(rng: random.Random, level: int) -> tuple[str, ...]:
    if level == 1:
        return ()
    if level == 2:
        return (rng.choice((*STEPS, CALM)),)
    return tuple(rng.sample((*STEPS, CALM), 2))


def _ground(rng: random.Random, rules: Rules, winds: tuple[str, ...]) -> str:
    level, size = rules.level, ledge.SIZES[rules.level]
    ground = list(_blank(size))
    gap_spots, rope_spots = _allowed("gap", rules), _allowed("rope", rules)
    if rng.random() < CHASM:
        _cut(rng, rules, ground)
    for kind, spots, (low, high) in (
        (GAP, gap_spots, GAPS[level]),
        (ROPE, rope_spots, ROPES[level]),
        (BRIDGE, ledge.spots(size), BRIDGES[level]),
    ):
        for _ in range(low + int(rng.random() * (high - low + 1))):
            spot = spots[int(rng.random() * len(spots))]
            if ground[spot] == ROCK:
                ground[spot] = kind
    low, high = ICES[level]
    if high:
        inner = ledge.inner(size)
        for _ in range(low + int(rng.random() * (high - low + 1))):
            _freeze(rules, ground, inner[int(rng.random() * len(inner))], winds)
    return "".join(ground)


def _cut(rng: random.Random, rules: Rules, ground: list[str]) -> None:
    """A line of gaps across the map, with one or two crossings."""
    size = ledge.SIZES[rules.level]
    row = int(rng.random() * (size - 2)) + 1
    line = [row * STRIDE + i for i in range(size)] if rng.random() < 0.5 else [i * STRIDE + row for i in range(size)]
    for spot in line:
        if spot in _allowed("gap", rules):
            ground[spot] = GAP
    for spot in rng.sample(line, 1 + (rng.random() < 0.5)):
        over = BRIDGE if rules.level >= 3 and rng.random() < 0.6 else ROPE
        ground[spot] = over if over == BRIDGE or spot in _allowed("rope", rules) else ROCK


def _freeze(rules: Rules, ground: list[str], spot: int, winds: tuple[str, ...]) -> None:
    """Makes a rock ice, unless a wind would then meet what the rules forbid."""
    if ground[spot] != ROCK:
        return
    for wind in winds:
        if wind == CALM:
            continue
        upwind, downwind = spot - STEPS[wind], ledge.WORDS[ground[spot + STEPS[wind]]]
        if not rules.permits(("ice", wind, downwind)):
            return
        if ground[upwind] == ICE and not rules.permits(("ice", wind, "ice")):
            return
    ground[spot] = ICE


@lru_cache(maxsize=8)
def _blank(size: int) -> str:
    return (ROCK * size).ljust(STRIDE) * size + OUTSIDE * STRIDE


@lru_cache(maxsize=512)
def _allowed(kind: str, rules: Rules) -> tuple[int, ...]:
    return tuple(i for i in ledge.spots(ledge.SIZES[rules.level]) if rules.permits((kind, ledge.NAMES[i])))


@lru_cache(maxsize=64)
def _loads(rules: Rules) -> tuple[tuple[str, str], ...]:
    loads = [(thing, weight) for thing in ledge.THINGS for weight in ledge.WEIGHTS]
    wanted = rules.split if rules.axis == "terrain" else "train"
    return tuple(load for load in loads if ledge.split_of(("bridge", *load)) == wanted)


# ---- from where to where ------------------------------------------------------------------------------------------
def _trip(rng: random.Random, rules: Rules, scene: _Scene) -> tuple[int, int] | None:
    """A start and a goal on rock that the rules allow, where there are any among the starts tried."""
    rocks = [spot for spot in ledge.spots(ledge.SIZES[rules.level]) if scene.ground[spot] == ROCK]
    starts = [spot for spot in rocks if _offers(rules, scene, spot)] if scene.wanted else rocks
    laden = scene.task == "bring" and scene.weight == "heavy"
    for start in rng.sample(starts, min(STARTS_TRIED, len(starts))):
        found = ledge.layers(scene.ground, start, scene.winds, laden)
        aims = [spot for spot in rocks if rules.may_aim(start, spot)]
        goals = [spot for spot in aims if rules.may_take(start, spot, ledge.first(found, spot))]
        if goals:
            return start, rng.choice(goals)
    return None


def _offers(rules: Rules, scene: _Scene, spot: int) -> bool:
    """Whether a held-out cell of the wanted family is met by a move from there."""
    wind = scene.winds[0] if scene.winds else ""
    found = [ledge.met(scene.ground, spot, direction, wind, scene.load) for direction in STEPS]
    families = ("gap", "rope") if scene.wanted == "place" else (scene.wanted,)
    return any(cell and cell[0] in families and rules.holds_out(cell) for cell in found)
