"""Cards and slips: a card has somebody's code, which nobody can guess; a slip has a problem that can be worked out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from forethought.errors import BadAction
from forethought.types import Fact, Progress
from forethought.worlds.drawing import pick, several
from forethought.worlds.grammar import any_of
from forethought.worlds.lawful import Case, Effect, LawfulWorld
from forethought.worlds.sums import problems, telling
from forethought.worlds.sums.problems import Problem

LOOK, WORK = "look up ", "work out "
DESK, MOST_ASKED = 4, 3
"""Things on the desk, and of these so many at most that somebody wants to know."""


@dataclass(frozen=True, slots=True)
class Item:
    """A card with a name, or a slip with a problem."""

    name: str = ""
    problem: Problem | None = None

    @property
    def action(self) -> str:
        """What shows its answer."""
        return LOOK + self.name if self.problem is None else WORK + self.problem.text

    @property
    def wanted(self) -> str:
        """How a desire names it."""
        return f"the code of {self.name}" if self.problem is None else f"what {self.problem.text} makes"

    @property
    def lies(self) -> Fact:
        """That it lies there."""
        return ("card", self.name) if self.problem is None else ("slip", self.problem.text)

    @property
    def answer(self) -> Fact:
        """What is then known."""
        if self.problem is None:
            return "code", self.name, telling.code(self.name)
        return "result", self.problem.text, problems.spelt(self.problem.value)

    @property
    def working(self) -> tuple[Fact, ...]:
        """What is told on the way to it."""
        return () if self.problem is None else tuple(("column", *each) for each in self.problem.working)


@dataclass(frozen=True, slots=True)
class State:
    """What lies on the desk, which of it is asked about and which is known (as places on the desk), the wording."""

    desk: tuple[Item, ...]
    asked: tuple[int, ...]
    known: frozenset[int] = frozenset()
    ask: int = 0


class SumsWorld(LawfulWorld[State]):
    """A desk with cards and slips: what is looked up has to be known by heart, what is worked out follows by a rule.

    After Barron and White 2025 ("Too Big to Think", on memorising and extrapolating in small language models). Each
    person has a code of three digits that follows from nothing, holds for good and is the same in every split; a slip
    has a problem with two numbers, or three of one digit, done from left to right. Numbers are told digit by digit, so
    that each digit is a token, and working a problem out tells every column before the result. No answer is written
    anywhere before it is asked for: a model foresees a code only if it remembers it, and a result that it never saw
    only if it calculates.

    Level 1: sums and differences of numbers up to 99. 2: also products with one digit. 3: numbers up to 999. There are
    1,024 people. Every problem belongs to one split and one axis; one that would be new in two ways is left out.
    """

    name = "sums"
    summary = "codes to know by heart and sums to work out, with hundreds of held-out problems"
    harms = "There is none: whoever asks for too much only runs out of time."
    axes: ClassVar[dict[str, str]] = {
        "carry": "two carries (or borrows) one upon the other in a problem; training has one at most",
        "length": "numbers with a digit more than any of training",
        "range": "numbers from a range that training leaves out (forties in validation, fifties in the test)",
        "order": "a sum and then a difference (validation) or the other way round (test); training repeats one of them",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"carry", "range", "order"})
    probes: ClassVar[dict[str, str]] = {"digit": "the same problem but for its last digit"}
    lasting: ClassVar[frozenset[str]] = frozenset({"look"})
    levels = range(1, 4)
    max_steps: ClassVar[dict[int, int]] = dict.fromkeys(levels, MOST_ASKED)
    grammar = telling.GRAMMAR

    def draw(self, rng: random.Random) -> State:
        """A desk of cards and slips (on a held-out axis slips alone) and a desire for one to three of them."""
        cards = 0 if self.axis else sum(rng.random() < 0.5 for _ in range(DESK))
        names, slips = list[str](), list[Problem]()
        while len(names) < cards:
            name = f"{pick(rng, telling.FIRST)} {pick(rng, telling.LAST)}"
            names += [name] if name not in names else []
        while len(slips) < DESK - cards:
            problem = problems.draw(rng, self.level, self.split, self.axis)
            slips += [problem] if problem not in slips else []
        items = [Item(name) for name in names] + [Item(problem=problem) for problem in slips]
        desk = tuple(several(rng, items, DESK))
        asked = several(rng, range(DESK), 1 + int(rng.random() * MOST_ASKED))
        return State(desk, tuple(asked), ask=int(rng.random() * len(telling.DESIRES)))

    def law(self, state: State, action: str) -> Effect[State]:
        """What is looked up or worked out is known from then on."""
        place = next((i for i, item in enumerate(state.desk) if item.action == action), None)
        if place is None:
            raise BadAction(f"{action!r} cannot be done here; expected {LOOK}NAME or {WORK}PROBLEM of what lies there")
        if place in state.known:
            return Effect(state, ())
        after = replace(state, known=state.known | {place})
        met = after.known.issuperset(state.asked)
        item = state.desk[place]
        return Effect(after, (*item.working, item.answer), Progress.SATISFIED if met else Progress.ONGOING)

    def options(self, state: State) -> tuple[str, ...]:
        """Everything on the desk that is not known yet."""
        return tuple(item.action for i, item in enumerate(state.desk) if i not in state.known)

    def seen(self, state: State) -> tuple[Fact, ...]:
        """What lies on the desk, and of what is known the answer."""
        return tuple(item.answer if i in state.known else item.lies for i, item in enumerate(state.desk))

    def truth(self, state: State) -> frozenset[Fact]:
        """What is seen, and every answer."""
        return frozenset(self.seen(state)) | {item.answer for item in state.desk}

    def wish(self, state: State) -> str:
        """What is to be found out."""
        return _desire((state.desk[i].wanted for i in state.asked), state.ask)

    def wording(self, state: State) -> int:
        """There is one wording of observations."""
        return 0

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """The wish for all that is known, unless it is too much for one wish, or training never asks for it."""
        known = sorted(fact for fact in facts if fact[0] in ("code", "result"))
        if not 1 <= len(known) <= MOST_ASKED:
            return None
        items = []
        for kind, what, _ in known:
            problem = problems.parse(what) if kind == "result" else None
            if kind == "result" and (problem is None or problems.home(problem, self.level) != ("train", "")):
                return None
            items.append(Item(what) if problem is None else Item(problem=problem))
        wanted = [item.wanted for item in items]
        return _desire(wanted, any_of(range(len(telling.DESIRES)), *wanted))

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """Does what was asked for, in the order in which it was asked; ``best`` in the order of the desk."""
        if quality == "best":
            return super().demonstrator(quality)
        self._check_seal("demonstrator")
        return lambda: next(
            (self.state.desk[i].action for i in self.state.asked if i not in self.state.known),
            self.options(self.state)[0],
        )

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[State], Case[State]]:
        """One slip on two desks that are alike but for its last digit; both problems are of this split and axis."""
        while True:
            state = self.draw(rng)
            slips = [i for i, item in enumerate(state.desk) if item.problem is not None]
            if not slips:
                continue
            place = pick(rng, slips)
            problem = state.desk[place].problem
            assert problem is not None
            last = problem.numbers[-1]
            other = replace(problem, numbers=(*problem.numbers[:-1], last - last % 10 + int(rng.random() * 10)))
            here = other.proper and other.value != problem.value
            if not here or problems.home(other, self.level) != (self.split, self.axis):
                continue
            item = Item(problem=other)
            if item in state.desk:
                continue
            changed = replace(state, desk=(*state.desk[:place], item, *state.desk[place + 1 :]))
            return (state, (state.desk[place].action,)), (changed, (item.action,))


def _desire(wanted: Iterable[str], wording: int) -> str:
    return telling.DESIRES[wording].format(" and ".join(wanted))
