"""Problems of arithmetic, what is right, and to which split and axis each belongs: exactly one, or none at all."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from forethought.worlds.drawing import pick

PLUS, MINUS, TIMES = "plus", "minus", "times"
HELD_TENS = {"validation": 4, "test": 5}
"""The first digit of the numbers that training never calculates with."""
HELD_ORDERS = {"validation": (PLUS, MINUS), "test": (MINUS, PLUS)}
"""Operations that training never has one after the other in this order."""
PARTS = 5
"""One part of training's kind of problem is validation's, one the test's; training never meets these."""
CHAINS = 1 / 3
"""Share of problems with three numbers of one digit."""
_FORM = re.compile(r"\d(?: \d)*(?: (?:plus|minus|times) \d(?: \d)*)+")


@dataclass(frozen=True, slots=True)
class Extent:
    """What training calculates with at a level: operations, and numbers of so many digits at most."""

    operations: tuple[str, ...]
    digits: int


EXTENTS = {1: Extent((PLUS, MINUS), 2), 2: Extent((PLUS, MINUS, TIMES), 2), 3: Extent((PLUS, MINUS), 3)}


@dataclass(frozen=True, slots=True)
class Problem:
    """Numbers with operations between them, done from left to right."""

    numbers: tuple[int, ...]
    operations: tuple[str, ...]

    @property
    def text(self) -> str:
        """The problem in words and digits, each digit a word of its own: ``4 7 plus 2 5``."""
        parts = [spelt(self.numbers[0])]
        for operation, number in zip(self.operations, self.numbers[1:], strict=True):
            parts += [operation, spelt(number)]
        return " ".join(parts)

    @property
    def steps(self) -> Iterator[tuple[int, str, int, int]]:
        """Each operation: what it is done to, which it is, with what, and what comes of it."""
        so_far = self.numbers[0]
        for operation, number in zip(self.operations, self.numbers[1:], strict=True):
            after = {PLUS: so_far + number, MINUS: so_far - number, TIMES: so_far * number}[operation]
            yield so_far, operation, number, after
            so_far = after

    @property
    def working(self) -> tuple[tuple[str, str], ...]:
        """How it is done on paper, each column from the units on and what it makes: ``7 plus 5``, ``1 2``."""
        return tuple(
            (column, spelt(found))
            for left, sign, right, _ in self.steps
            for column, found in _columns(left, sign, right)
        )

    @property
    def value(self) -> int:
        """What it makes."""
        return [after for *_, after in self.steps][-1]

    @property
    def proper(self) -> bool:
        """Whether nothing on the way is below zero."""
        return all(after >= 0 for *_, after in self.steps)


def _columns(left: int, operation: str, right: int) -> Iterator[tuple[str, int]]:
    """Each column of two numbers; what is carried into the next, or borrowed from it, is told there."""
    over = 0
    for place in range(len(str(max(left, right))) if operation != TIMES else len(str(left))):
        one, other = left // 10**place % 10, right if operation == TIMES else right // 10**place % 10
        found = {PLUS: one + other + over, MINUS: one - other - over, TIMES: one * other + over}[operation]
        lent = 10 if found < 0 else 0
        parts = [spelt(one + lent), operation, str(other)]
        parts += [MINUS if operation == MINUS else PLUS, str(over)] if over else []
        yield " ".join(parts), found + lent
        over = int(found < 0) if operation == MINUS else found // 10


def spelt(number: int) -> str:
    """A number digit by digit: ``4 7``."""
    return " ".join(str(number))


def parse(text: str) -> Problem | None:
    """The problem that a text spells; ``None`` if it spells none."""
    if not _FORM.fullmatch(text):
        return None
    parts = re.split(r" (plus|minus|times) ", text)
    return Problem(tuple(int(part.replace(" ", "")) for part in parts[::2]), tuple(parts[1::2]))


def carries(problem: Problem) -> int:
    """The longest run of carries (or borrows) one upon the other in a sum (or a difference) of two numbers."""
    if len(problem.numbers) != 2 or problem.operations[0] == TIMES:
        return 0
    (left, right), sign = problem.numbers, 1 if problem.operations[0] == PLUS else -1
    longest = run = over = 0
    while left or right:
        over = int(not 0 <= left % 10 + sign * (right % 10 + over) <= 9)
        run = run + 1 if over else 0
        longest = max(longest, run)
        left, right = left // 10, right // 10
    return longest


def home(problem: Problem, level: int) -> tuple[str, str] | None:
    """The one split and axis ("" in distribution) that a problem belongs to; ``None`` if more than one thing is new."""
    digits, found = EXTENTS[level].digits, list[tuple[str, str]]()
    part = zlib.crc32(_key(problem).encode()) % PARTS
    half = "validation" if part % 2 else "test"
    if max(problem.numbers) >= 10**digits:
        found.append((half, "length"))
    if carries(problem) >= 2:
        found.append((half, "carry"))
    if len(problem.numbers) == 2:
        leading = {number // 10 ** (digits - 1) for number in problem.numbers if number < 10**digits}
        found += [(split, "range") for split, digit in HELD_TENS.items() if digit in leading]
    found += [(split, "order") for split, order in HELD_ORDERS.items() if order in list(pairwise(problem.operations))]
    if len(found) > 1:
        return None
    if found:
        return found[0]
    return ({0: "validation", 1: "test"}.get(part, "train"), "")


def _key(problem: Problem) -> str:
    """The same for a sum, a product or what is taken away in any order, so that no split has another's answers."""
    first, *rest = problem.numbers
    kinds = set(problem.operations)
    if kinds == {MINUS}:
        return Problem((first, *sorted(rest)), problem.operations).text
    if len(kinds) == 1:
        return Problem(tuple(sorted(problem.numbers)), problem.operations).text
    return problem.text


def draw(rng: random.Random, level: int, split: str, axis: str) -> Problem:
    """A problem that belongs to this split and axis."""
    while True:
        problem = _proposed(rng, EXTENTS[level], split, axis)
        if problem.proper and home(problem, level) == (split, axis):
            return problem


def _proposed(rng: random.Random, extent: Extent, split: str, axis: str) -> Problem:
    if axis == "order" or (not axis and rng.random() < CHAINS):
        same = (pick(rng, (PLUS, MINUS)),) * 2
        operations = HELD_ORDERS[split] if axis == "order" else same
        return Problem(tuple(int(rng.random() * 10) for _ in range(3)), operations)
    operation = pick(rng, (PLUS,) if axis == "carry" and extent.digits < 3 else extent.operations)
    digits = extent.digits + (axis == "length")
    left, right = _number(rng, digits, whole=bool(axis)), _number(rng, digits, whole=axis == "carry")
    if operation == TIMES:
        right %= 10
    elif rng.random() < 0.5 or (operation == MINUS and left < right):
        left, right = (right, left) if operation == PLUS or left < right else (left, right)
    return Problem((left, right), (operation,))


def _number(rng: random.Random, digits: int, whole: bool) -> int:
    """A number of exactly so many digits where ``whole``, else of any number of digits up to it alike."""
    many = digits if whole else 1 + int(rng.random() * digits)
    low = 10 ** (many - 1) if many > 1 else 0
    return low + int(rng.random() * (10**many - low))
