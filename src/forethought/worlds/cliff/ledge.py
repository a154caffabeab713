"""The ground of the cliff world: spots and what they are, directions, what is held out, and how far it is.

A ground is a string with eight characters a row, south to north, and rows one shorter than that at most; the rest is
``OUTSIDE``, as is one row more at the end, so that a step in any direction from any spot is an index into the string.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

STRIDE = 8
ROCK, ICE, GAP, ROPE, BRIDGE, BROKEN, OUTSIDE = "r", "i", "g", "o", "b", "x", " "
WORDS = {ROCK: "rock", ICE: "ice", GAP: "a gap", ROPE: "a rope", BRIDGE: "a bridge"}
KINDS = {word: kind for kind, word in WORDS.items()}

CALM = "calm"
STEPS = {"north": STRIDE, "east": 1, "south": -STRIDE, "west": -1}
SHIFT = {**STEPS, CALM: 0}
"""How far each wind drives whoever steps onto ice."""

NAMES = tuple("ABCDEFGH"[i % STRIDE] + str(i // STRIDE + 1) for i in range(STRIDE * STRIDE))
INDEX = {name: i for i, name in enumerate(NAMES)}

THINGS = ("lamp", "drum", "chest", "kettle", "stove", "mirror", "crate", "saddle", "barrel", "bell", "harp", "anvil")
WEIGHTS = ("light", "heavy")

SIZES = {1: 4, 2: 5, 3: 5, 4: 6}
"""Spots along each side of the map, by level."""
FURTHEST = {1: 3, 2: 4, 3: 4, 4: 4}
"""The most steps that a goal is away in training, by level."""
NEAREST = 2
MOST_MOVES = {1: 8, 2: 8, 3: 8, 4: 6}
"""The most moves that a goal may need, by level (in the fog there are looks as well)."""
FAR = max(MOST_MOVES.values())
HELD_SECTORS = {"validation": "south-west", "test": "north-west"}

PARTITION = "4202"
"""Chosen so that training keeps, for each wind, safe and deadly landings, and for each thing a load on bridges."""

Cell = tuple[str, ...]
"""A terrain in a condition: ``("gap", spot)``, ``("rope", spot)``, ``("ice", wind, what lies downwind)`` or
``("bridge", thing, weight)``."""


@lru_cache(maxsize=1024)
def split_of(cell: Cell) -> str:
    """The split in which a terrain x condition cell lives; a fixed 70 : 15 : 15 partition."""
    share = zlib.crc32(" ".join((PARTITION, *cell)).encode()) % 20
    return "test" if share < 3 else "validation" if share < 6 else "train"


@lru_cache(maxsize=4096)
def bearing(start: int, goal: int) -> tuple[int, str]:
    """Steps from start to goal as the crow walks, and the compass sector in which the goal lies."""
    east, north = goal % STRIDE - start % STRIDE, goal // STRIDE - start // STRIDE
    parts = ["north" if north > 0 else "south"] * (north != 0) + ["east" if east > 0 else "west"] * (east != 0)
    return abs(east) + abs(north), "-".join(parts)


@lru_cache(maxsize=256)
def around(at: int, radius: int) -> int:
    """A bit for each spot that is at most ``radius`` steps from ``at``."""
    return sum(1 << i for i in range(STRIDE * STRIDE) if i % STRIDE < STRIDE - 1 and bearing(at, i)[0] <= radius)


@lru_cache(maxsize=8)
def spots(size: int) -> tuple[int, ...]:
    """The spots of a map with ``size`` spots a side."""
    return tuple(y * STRIDE + x for y in range(size) for x in range(size))


@lru_cache(maxsize=8)
def inner(size: int) -> tuple[int, ...]:
    """The spots off the rim: only there is ice, so that no wind drives anyone off the map."""
    return tuple(y * STRIDE + x for y in range(1, size - 1) for x in range(1, size - 1))


_FIRM = str.maketrans(ROCK + ICE + GAP + ROPE + BRIDGE + BROKEN + OUTSIDE, "1001100")
_FIRM_LADEN = str.maketrans(ROCK + ICE + GAP + ROPE + BRIDGE + BROKEN + OUTSIDE, "1001000")
_ICY = str.maketrans(ROCK + ICE + GAP + ROPE + BRIDGE + BROKEN + OUTSIDE, "0100000")
_HOLDS = str.maketrans(ROCK + ICE + GAP + ROPE + BRIDGE + BROKEN + OUTSIDE, "1100100")
_HOLDS_LADEN = str.maketrans(ROCK + ICE + GAP + ROPE + BRIDGE + BROKEN + OUTSIDE, "1100000")


def layers(ground: str, start: int, winds: tuple[str, ...], laden: bool = False) -> list[int]:
    """The spots that the n-th move can reach first and not before, as bits, for each n; any of ``winds`` may blow.

    ``laden``: with a heavy load that must be kept, so that bridges break.
    """
    backwards = ground[::-1]
    firm = int(backwards.translate(_FIRM_LADEN if laden else _FIRM), 2)
    icy = int(backwards.translate(_ICY), 2)
    holds = int(backwards.translate(_HOLDS_LADEN if laden else _HOLDS), 2)
    reached = frontier = 1 << start
    found = [frontier]
    while frontier and len(found) <= FAR:
        fresh = 0
        steps = (frontier << STRIDE, frontier >> STRIDE, frontier << 1, frontier >> 1)
        for step in steps:
            fresh |= step & firm
            if slippery := step & icy:
                for wind in winds or (CALM,):
                    shift = SHIFT[wind]
                    fresh |= (slippery << shift if shift >= 0 else slippery >> -shift) & holds
        frontier = fresh & ~reached
        reached |= frontier
        found.append(frontier)
    return found


def first(found: list[int], spot: int) -> int:
    """The fewest moves to a spot, given ``layers``; 0 if it is out of reach (or the start)."""
    for moves, layer in enumerate(found):
        if layer >> spot & 1:
            return moves
    return 0


@dataclass(frozen=True)
class Rules:
    """What one level, split and axis may generate."""

    level: int
    split: str
    axis: str

    @cached_property
    def distances(self) -> range:
        """How many steps a goal may be away."""
        furthest = FURTHEST[self.level]
        if self.axis != "distance":
            return range(NEAREST, furthest + 1)
        return range(furthest + 1, furthest + 2) if self.split == "validation" else range(furthest + 2, 99)

    @cached_property
    def detours(self) -> range:
        """How many moves the shortest safe way may need beyond the goal's distance (a slide can save some)."""
        if self.axis != "path":
            return range(-99, 2)
        return range(2, 4) if self.split == "validation" else range(4, 99)

    def points_to(self, sector: str) -> bool:
        """Whether a goal may lie in that sector."""
        return sector == HELD_SECTORS[self.split] if self.axis == "direction" else sector not in HELD_SECTORS.values()

    def permits(self, cell: Cell) -> bool:
        """Whether a map may contain that cell."""
        found = split_of(cell)
        return found == "train" or (self.axis == "terrain" and found == self.split)

    def holds_out(self, cell: Cell) -> bool:
        """Whether that cell is one for whose sake the axis ``terrain`` exists in this split."""
        return self.axis == "terrain" and split_of(cell) == self.split

    def may_aim(self, start: int, goal: int) -> bool:
        """Whether a goal at that distance and in that direction may be asked for."""
        steps, sector = bearing(start, goal)
        return steps in self.distances and self.points_to(sector)

    def may_take(self, start: int, goal: int, moves: int) -> bool:
        """Whether the shortest safe way there may need so many moves."""
        return 0 < moves <= MOST_MOVES[self.level] and moves - bearing(start, goal)[0] in self.detours


def met(ground: str, at: int, direction: str, wind: str, load: Cell) -> Cell | None:
    """The cell that a move from ``at`` meets, if any; ``load`` is (thing, weight) or empty."""
    target = at + STEPS[direction]
    kind = ground[target]
    if kind in (GAP, ROPE):
        return ("gap" if kind == GAP else "rope", NAMES[target])
    if kind == ICE and wind and wind != CALM:
        return ("ice", wind, WORDS.get(ground[target + STEPS[wind]], ""))
    return ("bridge", *load) if kind == BRIDGE and load else None


def cells(ground: str, winds: tuple[str, ...], load: Cell) -> set[Cell]:
    """Every cell that a map contains, wherever one may go and whatever one may carry there."""
    found: set[Cell] = set()
    for at, kind in enumerate(ground):
        if kind in (GAP, ROPE):
            found.add(("gap" if kind == GAP else "rope", NAMES[at]))
        elif kind == ICE:
            found.update(("ice", wind, WORDS[ground[at + STEPS[wind]]]) for wind in winds if wind != CALM)
        elif kind == BRIDGE and load:
            found.add(("bridge", *load))
    return found
