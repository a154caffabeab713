"""TextWorldExpress: eight games in text."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from forethought.errors import BadAction
from forethought.integrations.adapter import Adapter, Outcome, difference, plain
from forethought.integrations.textworld_engine import EXTRA, Engine, Parameters, Session
from forethought.types import Progress
from forethought.worlds.grammar import verb_of
from forethought.worlds.lawful import situation_rng

FOLDS = {"train": "train", "validation": "dev", "test": "test"}
STREAMS = {"train": 0, "validation": 1, "test": 2}
"""What a game's seed is modulo the number of splits, so that no situation is in two of them."""
SHOWN = 3
MISTAKES = 0.3
"""The share of its steps that the custom demonstrator takes at random."""
THINGS = {"things": "things that the game keeps for its own dev and test folds"}
"""Only for games whose folds differ: in cookingworld and coin a seed gives the same text in each, and in mapreader no
difference could be told from chance."""


def _kitchen(rooms: int, ingredients: int, others: int, doors: int) -> Parameters:
    made = {"numLocations": rooms, "numIngredients": ingredients, "numDistractorItems": others}
    return {**made, "includeDoors": doors, "limitInventorySize": 0}


class TextWorldExpressWorld(Adapter):
    """One of the games. What its task fails by ends an episode without success; none of the games knows harm.

    The change is what an action made the game say and what is new in sight or in hand. Rewards are the game's: how
    much the score rose. ``close()`` gives the game up; with the last world closed the Java process ends.
    """

    extra = EXTRA
    game: ClassVar[str]
    alone: ClassVar[bool] = False
    """Whether the game keeps its things once in the Java process, so that two games of it would disturb each other."""
    parameters: ClassVar[Mapping[int, Parameters]] = {1: {}}
    """What the game is made with at each level."""
    held_out: ClassVar[Mapping[str, Mapping[str, Parameters]]] = {}
    """For an axis and a split: what is added to these numbers."""

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        more = self.held_out.get(axis, {}).get(split, {})
        self.made_with = {key: value + more.get(key, 0) for key, value in self.parameters[level].items()}
        self._session: Session | None = Engine.running().session()

    @property
    def session(self) -> Session:
        """The game in the engine; a world that was closed gets a new one."""
        if self._session is None:
            self._session = Engine.running().session()
        return self._session

    def begin(self, rng: random.Random) -> tuple[str, str]:
        """A situation of the game's own; its seed belongs to one split alone."""
        self._game_seed, self._score = rng.randrange(2**28) * len(STREAMS) + STREAMS[self.split], 0.0
        self._played: list[str] = []
        if self._session is not None and not self._session.ours:
            self._session = None
        state = self._begin(self.session)
        self._listed = _listed(state)
        return _seen(state), plain(state["taskDescription"]).strip()

    def _begin(self, session: Session, gold: bool = False) -> dict[str, Any]:
        fold = FOLDS[self.split] if self.axis == "things" else "train"
        parameters = ",".join(f"{key}={value}" for key, value in self.made_with.items())
        return session.begin(self.game, parameters, self._game_seed, fold, gold)

    def act(self, action: str) -> Outcome:
        """One action of the game, from its own list of valid ones."""
        if action not in self._listed:
            raise BadAction(f"{action!r:.80} is not possible here; try one like {', '.join(self._listed[:SHOWN])}")
        if self.alone and not self.session.is_latest(self.game):
            self._again()
        state = self.session.step(action)
        self._played.append(action)
        self._listed = _listed(state)
        told, seen = plain(state["observation"]), _seen(state)
        progress = Progress.ONGOING
        if state["tasksuccess"] or state["score"] >= 1.0:
            progress = Progress.SATISFIED
        elif state["taskfailure"]:
            progress = Progress.FAILED
        reward, self._score = state["score"] - self._score, state["score"]
        return Outcome(seen, difference(self._text, (told, seen)), reward, progress)

    def _again(self) -> None:
        """Plays the episode again up to here, because another game took its things."""
        self._begin(self.session)
        for action in self._played:
            self.session.step(action)

    def options(self) -> tuple[str, ...]:
        """The game's valid actions, in the order of the alphabet."""
        return self._listed

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """``best``: the game's own solution; ``custom``: the same, with three in ten of its steps strayed."""
        self._check_seal("demonstrator")
        ahead: list[str] = []
        rng = random.Random(0)

        def act() -> str:
            nonlocal rng
            if not self._taken:
                ahead[:] = self._solution()
                rng = situation_rng(f"{self.name}/custom", self.split, self.axis, self.level, self.seed)
            while ahead and ahead[0] not in self._listed:
                ahead.pop(0)  # a solution may open what is open already
            if ahead and (quality == "best" or rng.random() >= MISTAKES):
                return ahead.pop(0)
            return rng.choice([action for action in self._listed if verb_of(action) != "move"] or self._listed)

        return act

    def _solution(self) -> list[str]:
        """The game's own solution from the start, found in a game beside this one."""
        beside = Engine.running().session()
        self._begin(beside, gold=True)
        return beside.gold()

    def close(self) -> None:
        """Gives the game up; it ends the Java process if no other world is playing."""
        if self._session is not None:
            self._session.close()
            self._session = None


def _listed(state: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(set(state["validActions"])))


def _seen(state: dict[str, Any]) -> str:
    """What is in sight and in hand; in a game without places, what was said."""
    seen = [plain(state[part]).strip() for part in ("look", "inventory")]
    return "\n".join(filter(None, seen)) or plain(state["observation"]).strip()


class CookingWorld(TextWorldExpressWorld):
    """Find the ingredients, prepare them as the cookbook says, and eat. Level 1: a kitchen. 2: three rooms. 3: six."""

    name = "twx-cookingworld"
    game = "cookingworld"
    summary = "TextWorldExpress: cook what the cookbook says and eat it"
    axes: ClassVar[dict[str, str]] = {
        "rooms": "more rooms than in training",
        "recipe": "recipes with more ingredients than in training",
    }
    levels = range(1, 4)
    max_steps: ClassVar[dict[int, int]] = {1: 50, 2: 75, 3: 100}
    parameters: ClassVar[Mapping[int, Parameters]] = {
        1: _kitchen(rooms=1, ingredients=1, others=2, doors=0),
        2: _kitchen(rooms=3, ingredients=2, others=4, doors=0),
        3: _kitchen(rooms=6, ingredients=3, others=10, doors=1),
    }
    held_out: ClassVar[Mapping[str, Mapping[str, Parameters]]] = {
        "rooms": {"validation": {"numLocations": 2}, "test": {"numLocations": 4}},
        "recipe": {"validation": {"numIngredients": 1}, "test": {"numIngredients": 2}},
    }


class CommonsenseWorld(TextWorldExpressWorld):
    """Put things away where they usually belong. Level 1: one thing, one room. 2: two things."""

    name = "twx-twc"
    game = "twc"
    summary = "TextWorldExpress: put things away where they usually belong"
    axes: ClassVar[dict[str, str]] = {
        **THINGS,
        "rooms": "more rooms than in training",
        "load": "more things to put away than in training",
    }
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 50, 2: 50}
    parameters: ClassVar[Mapping[int, Parameters]] = {
        1: {"numLocations": 1, "numItemsToPutAway": 1, "includeDoors": 0, "limitInventorySize": 0},
        2: {"numLocations": 1, "numItemsToPutAway": 2, "includeDoors": 0, "limitInventorySize": 0},
    }
    held_out: ClassVar[Mapping[str, Mapping[str, Parameters]]] = {
        "rooms": {"validation": {"numLocations": 1}, "test": {"numLocations": 2}},
        "load": {"validation": {"numItemsToPutAway": 1}, "test": {"numItemsToPutAway": 2}},
    }


class CoinWorld(TextWorldExpressWorld):
    """Find a coin and take it. Level 1: three rooms. 2: five rooms with doors, and things besides."""

    name = "twx-coin"
    game = "coin"
    summary = "TextWorldExpress: find the coin"
    axes: ClassVar[dict[str, str]] = {"rooms": "more rooms than in training"}
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 50, 2: 75}
    parameters: ClassVar[Mapping[int, Parameters]] = {
        1: {"numLocations": 3, "numDistractorItems": 0, "includeDoors": 0, "limitInventorySize": 0},
        2: {"numLocations": 5, "numDistractorItems": 3, "includeDoors": 1, "limitInventorySize": 0},
    }
    held_out: ClassVar[Mapping[str, Mapping[str, Parameters]]] = {
        "rooms": {"validation": {"numLocations": 3}, "test": {"numLocations": 6}},
    }


class MapReaderWorld(TextWorldExpressWorld):
    """Fetch a coin by the map and put it into the box. Level 1: six rooms. 2: ten."""

    name = "twx-mapreader"
    game = "mapreader"
    summary = "TextWorldExpress: fetch a coin by the map"
    axes: ClassVar[dict[str, str]] = {"rooms": "more rooms than in training"}
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 50, 2: 50}
    parameters: ClassVar[Mapping[int, Parameters]] = {
        1: {"numLocations": 6, "maxDistanceApart": 2, "maxDistractorItemsPerLocation": 1, "includeDoors": 0},
        2: {"numLocations": 10, "maxDistanceApart": 3, "maxDistractorItemsPerLocation": 2, "includeDoors": 0},
    }
    held_out: ClassVar[Mapping[str, Mapping[str, Parameters]]] = {
        "rooms": {"validation": {"numLocations": 6}, "test": {"numLocations": 9}},
    }


class ArithmeticWorld(TextWorldExpressWorld):
    """Solve the problem and box the thing of which there are as many as the answer says."""

    name = "twx-arithmetic"
    game = "arithmetic"
    summary = "TextWorldExpress: box the thing of which there are as many as the answer says"
    axes = THINGS
    max_steps: ClassVar[dict[int, int]] = {1: 30}


class SortingWorld(TextWorldExpressWorld):
    """Put things into a box, the smallest quantity first."""

    name = "twx-sorting"
    game = "sorting"
    alone = True
    summary = "TextWorldExpress: put things into a box, the smallest quantity first"
    axes = THINGS
    max_steps: ClassVar[dict[int, int]] = {1: 30}


class SimonSaysWorld(TextWorldExpressWorld):
    """Do exactly what Simon says. Level 1: four times. 2: seven times."""

    name = "twx-simonsays"
    game = "simonsays"
    summary = "TextWorldExpress: do exactly what Simon says"
    axes: ClassVar[dict[str, str]] = {**THINGS, "length": "longer games than in training"}
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 30, 2: 30}
    parameters: ClassVar[Mapping[int, Parameters]] = {
        1: {"gameLength": 4, "numDistractors": 3},
        2: {"gameLength": 7, "numDistractors": 4},
    }
    held_out: ClassVar[Mapping[str, Mapping[str, Parameters]]] = {
        "length": {"validation": {"gameLength": 2}, "test": {"gameLength": 3}},
    }


class PeckingOrderWorld(TextWorldExpressWorld):
    """Follow a book whose instructions change each time that one is followed."""

    name = "twx-peckingorder"
    game = "peckingorder"
    summary = "TextWorldExpress: follow a book of instructions that change"
    axes = THINGS
    max_steps: ClassVar[dict[int, int]] = {1: 50}
