"""The errand world's state: a moment in a town, immutable and hashable."""

from __future__ import annotations

from dataclasses import dataclass

from forethought.worlds.errand.town import Place

Errand = tuple[str, str]
"""A thing and what is to be done with it."""
HOME = "home"


@dataclass(frozen=True, slots=True)
class State:
    """A moment in the town; every trip starts or ends at home.

    ``part`` is the part of the day (-1: it does not matter), ``minutes_left`` what a wish to save time leaves (-1:
    none), ``tell`` and ``ask`` the wordings of observations and of the desire. In a ``plain`` town (level 1) only the
    distance is stated: what trips take is counted, but not told.
    """

    errands: tuple[Errand, ...]
    places: tuple[Place, ...]
    where: tuple[tuple[str, str], ...]
    you: str = HOME
    done: frozenset[Errand] = frozenset()
    burn_no_fuel: bool = False
    minutes_left: int = -1
    part: int = -1
    tell: int = 0
    ask: int = 0
    plain: bool = False

    def place(self, name: str) -> Place | None:
        """The place of that name in this town, if there is one."""
        for place in self.places:
            if place.name == name:
                return place
        return None

    def here(self) -> Place | None:
        """The place where you are, ``None`` at home."""
        return None if self.you == HOME else self.place(self.you[4:])

    def wanted(self, thing: str) -> bool:
        """Whether one of the errands is for this thing."""
        return any(thing == wanted for wanted, _ in self.errands)

    def after(
        self,
        where: tuple[tuple[str, str], ...],
        you: str,
        done: frozenset[Errand],
        minutes_left: int,
        part: int,
    ) -> State:
        """The same situation at a later moment (in a third of the time that ``dataclasses.replace`` takes)."""
        return State(
            self.errands,
            self.places,
            where,
            you,
            done,
            self.burn_no_fuel,
            minutes_left,
            part,
            self.tell,
            self.ask,
            self.plain,
        )
