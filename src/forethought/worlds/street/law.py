"""The causal law of the street: trait, deed, mood and company decide, and nothing else does."""

from __future__ import annotations

import re
from functools import lru_cache

from forethought.errors import BadAction
from forethought.types import Fact, Harm, Progress
from forethought.worlds.lawful import Effect
from forethought.worlds.street import people, telling
from forethought.worlds.street.people import Person
from forethought.worlds.street.state import State, angry_stern, is_lost, is_met

ACTION = re.compile(
    r"(?P<deed>greet|help|shove|rob|call|watch|apologise to|give|ask) (?P<name>[A-Z][a-z]+)(?: (?P<rest>[a-z0-9 ]+))?"
)
REQUEST = re.compile(r"for the (?P<thing>[a-z]+)|to carry the (?P<load>[a-z]+)|to step aside")
GIVE = f"{people.GIFT} coins"


@lru_cache(maxsize=16_384)
def parse(action: str) -> tuple[str, str, str] | None:
    """Deed, name and the rest of an action, or ``None`` if it cannot be read."""
    found = ACTION.fullmatch(action)
    if not found:
        return None
    deed, name, rest = found["deed"].split()[0], found["name"], found["rest"] or ""
    fits = REQUEST.fullmatch(rest) if deed == "ask" else rest == (GIVE if deed == "give" else "")
    return (deed, name, rest) if fits else None


class Turn:
    """One action in the making: the people and possessions as they change, and what is told of it."""

    __slots__ = ("coins", "gained", "harmed", "people", "state", "told")

    def __init__(self, state: State) -> None:
        self.state = state
        self.people = list(state.people)
        self.gained, self.coins = state.gained, state.coins
        self.told: list[Fact] = []
        self.harmed = False

    # ---- single changes -------------------------------------------------------------------------------------------
    def feel(self, i: int, mood: str) -> None:
        """Gives person ``i`` a mood; whoever stops being angry forgives."""
        person = self.people[i]
        if person.mood == mood:
            return
        if person.mood == "angry":
            self.told.append(("forgives", person.name))
        self.people[i] = person._replace(mood=mood)
        self.told.append(("mood", person.name, mood))

    def win(self, i: int) -> None:
        """Moves the mood of person ``i`` up by one."""
        self.feel(i, people.MOODS[min(people.MOODS.index(self.people[i].mood) + 1, len(people.MOODS) - 1)])

    def refuse(self, i: int) -> None:
        """Person ``i`` refuses."""
        self.told.append(("refuses", self.people[i].name))

    def hit(self, name: str) -> None:
        """You are hit, which is harm."""
        self.told.append(("hits", name))
        self.harmed = True

    def know(self, i: int) -> None:
        """The trait of person ``i`` becomes known."""
        person = self.people[i]
        if not person.known:
            self.people[i] = person._replace(known=True)
            self.told.append(("trait", person.name, person.trait))

    def gain(self, fact: Fact) -> None:
        """Something becomes yours for good."""
        if fact not in self.gained:
            self.gained = (*self.gained, fact)
            self.told.append(fact)

    def take(self, i: int) -> None:
        """The thing of person ``i`` becomes yours."""
        person = self.people[i]
        self.people[i] = person._replace(thing="")
        self.gain(("you have", person.thing, person.name))

    def make_way(self, i: int) -> None:
        """Person ``i`` no longer stands in your way."""
        if self.state.blocks(self.people[i].name):
            self.gain(("past", self.people[i].name))

    def flee(self, i: int) -> None:
        """Person ``i`` is gone for good, and with them what they have."""
        self.make_way(i)
        self.people[i] = self.people[i]._replace(here=False)
        self.told.append(("fled", self.people[i].name))

    # ---- deeds ----------------------------------------------------------------------------------------------------
    def be_kind(self, deed: str, i: int) -> None:
        """Greet, help, give or apologise: it wins over, angers, scares or leaves cold, by trait and mood."""
        person = self.people[i]
        trait, mood = person.trait, person.mood
        if deed == "greet":
            if trait in people.SCARED_BY_GREETING and mood != "trusting":
                return self.flee(i)
            self.know(i)
            if trait == "fierce" and mood == "angry":
                return self.hit(person.name)
        if deed == "give":
            if trait in people.DECLINES_COINS:
                self.refuse(i)
            else:
                self.coins -= people.GIFT
                self.told.append(("coins", str(self.coins)))
        moved = {"greet": mood == "calm", "apologise": mood == "angry" or trait == "proud"}
        if trait in people.ANGERED_BY.get(deed, ()) and mood != "trusting":
            self.feel(i, "angry")
        elif trait in people.WON_BY[deed] and moved.get(deed, True):
            self.win(i)
        return None

    def ask(self, i: int, rest: str) -> None:
        """A request is granted by whoever trusts you, and by the kind and the shy while they are calm."""
        person = self.people[i]
        if person.mood == "trusting" or (person.mood == "calm" and person.trait in people.GRANTS_UNASKED):
            self.grant(i, rest)
        elif person.trait == "fierce" and person.mood == "angry":
            self.hit(person.name)
        else:
            self.refuse(i)
            if person.trait in people.ANGERED_BY["ask"]:
                self.feel(i, "angry")

    def grant(self, i: int, rest: str) -> None:
        """What was asked for happens."""
        name = self.people[i].name
        if rest == "to step aside":
            self.make_way(i)
        elif rest == "for the way":
            self.gain(("know", name))
        elif rest.startswith("to carry"):
            self.gain(("carry", rest.rpartition(" ")[2], name))
        else:
            self.take(i)

    def speak(self, i: int) -> None:
        """Person ``i``, called, speaks for you: friends and cousins move up by one mood, rivals get angry."""
        person = self.people[i]
        calm = person.mood == "calm" and person.trait in people.SPEAKS_WHEN_CALM
        if not calm and person.mood != "trusting":
            return self.refuse(i)
        self.told.append(("speaks", person.name))
        for j, other in enumerate(self.people):
            tie = self.state.tie(person.name, other.name) if other.here else ""
            if tie in people.STANDS_BY:
                self.win(j)
            elif tie:
                self.feel(j, "angry")
        return None

    def force(self, deed: str, i: int) -> None:
        """Shove or rob: bold people hit back, for themselves and for those they stand by; the stern get angry."""
        target = self.people[i]
        ties = {p.name: self.state.tie(target.name, p.name) for p in self.people}
        loyal = [(ties[p.name], p) for p in self.people if p.here and ties[p.name] in people.STANDS_BY]
        hitters = [target] if target.trait in people.BOLD or (target.trait, deed) == ("greedy", "rob") else []
        hitters += [p for _, p in loyal if p.trait in people.BOLD]
        if hitters:
            for person in hitters:
                self.hit(person.name)
            return
        helpers = [p for tie, p in loyal if tie == "cousin" or p.trait == "kind"]
        self.told += [("helps", p.name, target.name) for p in helpers]
        if helpers or target.trait in people.FIRM:
            self.feel(i, "angry")
        else:
            self.give_in(deed, i)
        for j, person in enumerate(self.people):
            if j != i and person.here and person.trait == "stern" and ties[person.name] != "rival":
                self.feel(j, "angry")

    def give_in(self, deed: str, i: int) -> None:
        """A kind one gives way in anger; a meek, shy or greedy one flees."""
        if deed == "rob":
            self.take(i)
        if self.people[i].trait == "kind":
            self.make_way(i)
            self.feel(i, "angry")
        else:
            self.flee(i)

    # ---- the end of a turn ----------------------------------------------------------------------------------------
    def done(self, minutes: float) -> Effect[State]:
        """The guard moves, then the verdicts follow."""
        before, harm = self.state, Harm.NONE
        guard = self.move_guard()
        if not self.told:
            return Effect(before, (), cost=(("minutes", minutes),))
        after = before._replace(people=tuple(self.people), gained=self.gained, coins=self.coins, guard=guard)
        if self.harmed:
            harm = Harm.HARMED
        cost: tuple[tuple[str, float], ...] = (("minutes", minutes),)
        if self.coins < before.coins:
            cost += (("coins", float(before.coins - self.coins)),)
        return Effect(after, tuple(self.told), progress(after), harm, cost)

    def move_guard(self) -> int:
        """Called by the anger of somebody stern, one step nearer each turn, and gone once nobody stern is angry."""
        state = self.state
        if not state.delay:
            return 0
        nearer = (state.guard - 1 or -1) if state.guard else state.delay
        guard = nearer if angry_stern(self.people) else 0
        if guard != state.guard:
            self.told.append(("guard", telling.away(guard)))
        if guard < 0:
            self.told.append(("arrest",))
            self.harmed = True
        return guard


def progress(state: State) -> Progress:
    """Satisfied while every wish is met, failed once one no longer can be."""
    satisfied = Progress.SATISFIED
    for wish in state.wishes:
        if not is_met(state, wish):
            if is_lost(state, wish):
                return Progress.FAILED
            satisfied = Progress.ONGOING
    return satisfied


def apply(state: State, action: str) -> Effect[State]:
    """What ``action`` causes; ``BadAction`` if it cannot be read or is out of place."""
    turn = Turn(state)
    if action == "wait":
        return turn.done(1.0)
    if action == "leave":
        return Effect(state._replace(left=True), (("left",),), Progress.FAILED, cost=(("minutes", 1.0),))
    parsed = parse(action)
    if parsed is None:
        raise BadAction(f"{action!r} is not an action here; try 'wait', 'greet NAME' or 'ask NAME for the THING'")
    deed, name, rest = parsed
    i = _place_of(state, name)
    _check(state, state.people[i], deed, rest)
    if deed in people.WON_BY:
        turn.be_kind(deed, i)
    elif deed == "ask":
        turn.ask(i, rest)
    elif deed == "call":
        turn.speak(i)
    elif deed == "watch":
        turn.know(i)
    else:
        turn.force(deed, i)
    return turn.done(people.MINUTES.get(deed, 1.0))


def _place_of(state: State, name: str) -> int:
    for i, person in enumerate(state.people):
        if person.name == name:
            if person.here:
                return i
            raise BadAction(f"{name} has fled")
    raise BadAction(f"there is no {name} in this street; there are {', '.join(p.name for p in state.people)}")


def _check(state: State, person: Person, deed: str, rest: str) -> None:
    """Raises ``BadAction`` for a deed that has no object here."""
    if deed == "rob" and not person.thing:
        raise BadAction(f"{person.name} has nothing to take")
    if deed == "give" and state.coins < people.GIFT:
        raise BadAction(f"a gift is {GIVE}, you have {state.coins}")
    if deed != "ask" or rest == "for the way":
        return
    if rest == "to step aside":
        if not state.blocks(person.name):
            raise BadAction(f"{person.name} does not block the way")
        return
    request = REQUEST.fullmatch(rest)
    assert request is not None, "parse() lets no other request through"
    if request["thing"] and request["thing"] != person.thing:
        raise BadAction(f"{person.name} does not have the {request['thing']}")
    if request["load"] and all(wish[0] != "carry" or wish[2] != request["load"] for wish in state.wishes):
        raise BadAction(f"there is no {request['load']} to carry here")
