"""A world's card: one Markdown page that says what the world teaches, how it looks, and how hard it is."""

from __future__ import annotations

import inspect
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from forethought.errors import BadSetting, NotOffered, UnknownName
from forethought.types import Ending, Step
from forethought.worlds import limits, world_class
from forethought.worlds.base import World
from forethought.worlds.grammar import verb_of
from forethought.worlds.trial import BLIND_ACTIONS
from forethought.worlds.vector import Situation, VectorWorld

EPISODES = 100
SAMPLES, WALKS, DESIRES = 10, 30, 3
"""Situations looked through for a sample episode; of each level: random episodes that show the verbs, desires shown."""
SHOWN = 400
NUMBERS = ("<!-- numbers -->", "<!-- /numbers -->")
"""What is between these may differ from one making of a card to the next: it was measured."""
RANDOM, QUALITIES = "random", ("custom", "best")
Act = Callable[[tuple[str, ...]], str]
"""Chooses an action, given the candidates (none where the world lists none)."""


@dataclass(frozen=True, slots=True)
class Lived:
    """One episode as somebody lived it; ``failure`` says what the world raised."""

    start: Situation
    steps: tuple[Step, ...]
    ending: Ending
    candidates: tuple[str, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """How somebody fared at a level: shares of episodes satisfied, harmed and broken off by the world, mean steps,
    steps per second of processor time (resets and choosing included).
    """

    level: int
    who: str
    satisfied: float
    harmed: float
    failed: float
    steps: float
    speed: float


def card(name: str, *, level: int = 1, episodes: int = EPISODES) -> str:
    """The card of a world, built in or your own as ``module:Class``; the sample episode is one of ``level``.

    Everything is from the training split. Scores are taken over ``episodes`` situations of each level.
    ``WorldFailed`` if the first episode cannot begin.
    """
    if episodes < 1:
        raise BadSetting(f"episodes is {episodes}; expected at least 1")
    cls = world_class(name)
    start = VectorWorld([cls(level=level)]).reset(0, 0)
    if start.error is not None:
        raise start.error
    parts = [
        f"# The world `{cls.name}`",
        _about(cls, name, level),
        "## What is wanted",
        _desires(cls),
        "## An episode",
        _episode(cls, level),
        "## What can be done",
        _actions(cls),
        "## What is harm",
        _plain(cls.harms) or "The world does not say (`harms`).",
        "## What is held out",
        _axes(cls),
        "## Probes",
        _table(("probe", "what decides"), [(f"`{probe}`", why) for probe, why in cls.probes.items()])
        or "None: this world asks no minimal pairs.",
        "## How it goes",
        NUMBERS[0],
        _scores(
            [s for at in cls.levels for who in (RANDOM, *QUALITIES) if (s := scored(cls, at, who, episodes))], episodes
        ),
        NUMBERS[1],
    ]
    return "\n\n".join(parts) + "\n"


def without_numbers(text: str) -> str:
    """A card without what was measured, to see whether it is up to date."""
    return re.sub(f"{re.escape(NUMBERS[0])}.*?{re.escape(NUMBERS[1])}", "", text, flags=re.DOTALL)


# ---- playing -------------------------------------------------------------------------------------------------------
def scored(cls: type[World], level: int, who: str, episodes: int) -> Score | None:
    """How ``random`` or a demonstrator fares; ``None`` where the world has no such demonstrator."""
    world = cls(level=level)
    vector, lived, spent = VectorWorld([world]), list[Lived](), 0.0
    for seed in range(episodes):
        begun = time.process_time()
        one = live(vector, who, seed)
        spent += time.process_time() - begun
        if one is None:
            return None
        lived.append(one)
    steps = [len(one.steps) for one in lived]

    def share(ending: Ending) -> float:
        return fmean(one.ending is ending for one in lived)

    shares = share(Ending.SATISFIED), share(Ending.HARMED), share(Ending.WORLD_ERROR)
    return Score(level, who, *shares, fmean(steps), sum(steps) / max(spent, 1e-9))


def live(vector: VectorWorld, who: str, seed: int) -> Lived | None:
    """One episode in the first world; ``None`` where it has no such demonstrator."""
    start = vector.reset(0, seed)
    if start.error is not None:
        return Lived(start, (), Ending.WORLD_ERROR, (), str(start.error))
    steps, candidates, seen, ending = list[Step](), start.candidates, list(start.candidates), Ending.UNFINISHED
    try:
        act = _actor(vector.worlds[0], who, seed)
        while ending is Ending.UNFINISHED:
            action = limits.within(limits.STEP_SECONDS, act, candidates)
            result = vector.step(0, action)
            if result.error is not None:
                raise result.error
            steps.append(result.step(action))
            candidates, ending = result.candidates, result.ending
            seen += candidates
    except (NotOffered, UnknownName):
        return None
    except (Exception, SystemExit) as error:
        return Lived(start, tuple(steps), Ending.WORLD_ERROR, tuple(seen), f"{type(error).__name__}: {error}")
    return Lived(start, tuple(steps), ending, tuple(seen))


def _actor(world: World, who: str, seed: int) -> Act:
    if who == RANDOM:
        rng = random.Random(f"card/{seed}")
        return lambda candidates: rng.choice(candidates or BLIND_ACTIONS)
    show = limits.within(limits.STEP_SECONDS, world.demonstrator, who)
    return lambda candidates: show()


# ---- telling -------------------------------------------------------------------------------------------------------
def _about(cls: type[World], name: str, level: int) -> str:
    """What it teaches, and how this page was made."""
    last, summary = cls.levels.stop - 1, _plain(cls.summary).rstrip(".")
    levels = f"levels {cls.levels.start} to {last}" if last > cls.levels.start else f"one level, {last}"
    told = inspect.cleandoc(cls.__doc__) if "__doc__" in vars(cls) and cls.__doc__ else ""
    made = f"`forethought worlds card {name} --level {level}` made this page; the world has {levels}."
    return "\n\n".join(filter(None, [f"**{summary[:1].upper()}{summary[1:]}.**" if summary else "", told, made]))


def _episode(cls: type[World], level: int) -> str:
    """The first episode of three steps or more (else the longest), by the best who can show one."""
    vector = VectorWorld([cls(level=level)])
    for who in ("best", "custom", RANDOM):
        lived = [(seed, one) for seed in range(SAMPLES) if (one := live(vector, who, seed)) and one.steps]
        if lived:
            break
    else:
        return f"No step can be taken: {_plain(live(vector, RANDOM, 0).failure)}"  # type: ignore[union-attr]
    seed, one = next((pair for pair in lived if len(pair[1].steps) >= 3), max(lived, key=lambda p: len(p[1].steps)))
    by = "at random" if who == RANDOM else f"as the demonstrator `{who}` does"
    rows = [(str(n), step.action, _told(step), _verdicts(step)) for n, step in enumerate(one.steps, start=1)]
    return "\n\n".join(
        [
            f"Situation {seed}, {by}. *Wanted:* {_plain(one.start.desire) or 'nothing is said.'}",
            f"> {_plain(one.start.observation)}",
            _table(("step", "action", "what came of it", "verdicts and cost"), rows),
            f"It ended: {one.ending}." + (f" {_plain(one.failure)}" if one.failure else ""),
        ]
    )


def _told(step: Step) -> str:
    return f"(warning) {step.warning}" if step.warning else step.change


def _verdicts(step: Step) -> str:
    harm = ", harmed" if step.harm == "harmed" else ""
    return ", ".join([f"{step.progress}{harm}", *(f"{amount:g} {unit}" for unit, amount in step.cost)])


def _desires(cls: type[World]) -> str:
    """Some desires of each level."""
    lines = []
    for level in cls.levels:
        vector = VectorWorld([cls(level=level)])
        desires = dict.fromkeys(_plain(vector.reset(0, seed).desire) for seed in range(SAMPLES))
        lines += [f"- level {level}: {desire}" for desire in list(filter(None, desires))[:DESIRES]]
    return "\n".join(lines) or "Nothing is said (`desire` in the info of `reset`)."


def _actions(cls: type[World]) -> str:
    """The verbs of what was listed in random episodes, each with an example."""
    examples: dict[str, str] = {}
    for level in cls.levels:
        vector = VectorWorld([cls(level=level)])
        for seed in range(WALKS):
            for action in one.candidates if (one := live(vector, RANDOM, seed)) else ():
                examples.setdefault(verb_of(action), action)
    rows = [(f"`{_plain(verb)}`", action) for verb, action in sorted(examples.items())]
    return _table(("verb", "for example"), rows) or "The world lists no candidates: a model proposes its own actions."


def _axes(cls: type[World]) -> str:
    """The held-out axes, and what kind of novelty each is."""
    rows = [
        (f"`{axis}`", what, "training met its parts apart" if axis in cls.recombines else "training never met its like")
        for axis, what in cls.axes.items()
    ]
    return _table(("axis", "what is new there", "kind"), rows) or "Nothing: the splits differ in their seeds alone."


def _scores(scores: Sequence[Score], episodes: int) -> str:
    def name(score: Score) -> str:
        return "any candidate at random" if score.who == RANDOM else f"demonstrator `{score.who}`"

    rows = [
        (
            str(s.level),
            name(s),
            f"{s.satisfied:.0%}",
            f"{s.harmed:.0%}",
            f"{s.failed:.0%}",
            f"{s.steps:.1f}",
            f"{s.speed:,.0f}",
        )
        for s in scores
    ]
    heads = ("level", "who acts", "satisfied", "harmed", "world failed", "mean steps", "steps per second")
    return f"{_table(heads, rows)}\n\nOver {episodes} situations of training at each level, on one processor core."


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; nothing without rows."""
    lines = [heads, ["---"] * len(heads), *[[_plain(cell).replace("|", "\\|") for cell in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _plain(text: str) -> str:
    """Text of a world on one line: no control characters, no HTML, no more than ``SHOWN`` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split()).replace("<", "&lt;")
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} ..."


__all__ = ["EPISODES", "card", "without_numbers"]
