"""The promises of the world protocol, each as a check that a world's author can run (``check_world`` runs them all)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from gymnasium.utils.env_checker import check_env

from forethought.errors import Sealed
from forethought.types import UNREADABLE, Fact, Harm, Progress
from forethought.worlds import limits
from forethought.worlds.base import World
from forethought.worlds.lawful import LawfulWorld
from forethought.worlds.limits import TookTooLong, within
from forethought.worlds.trial import (
    LONGEST,
    SHOWN,
    Moment,
    Severity,
    Trial,
    begin,
    in_words,
    offered,
    play_episode,
    short,
    step,
)
from forethought.worlds.vector import MOST_CANDIDATES

NONSENSE = "qqq zzz 000"
SATISFIED_SHARE = 0.95
IGNORED_WARNINGS = ("not having a spec",)


def held_out_axes(trial: Trial) -> None:
    """Each held-out axis begins an episode at some level in either held-out split, and ``recombines`` names axes."""
    cls = type(trial.world)
    for axis in sorted(cls.recombines - set(cls.axes)):
        got, expected = f"{axis!r} in recombines", f"one of the axes: {', '.join(cls.axes) or 'there are none'}"
        trial.found.error("held out axes", got, expected, "name it in axes too, or leave it out of recombines")
    for axis in cls.axes:
        for split in ("validation", "test"):
            if not any(_begins(cls, level, split, axis) for level in cls.levels):
                got = f"no level at which axis {axis!r} of split {split!r} begins an episode"
                fix = "accept level, split and axis in __init__, and draw such situations in reset()"
                trial.found.error("held out axes", got, "each axis exists in both held-out splits", fix)


def _begins(cls: type[World], level: int, split: str, axis: str) -> bool:
    try:
        begin(cls(level=level, split=split, axis=axis), 0)
    except TookTooLong:
        raise
    except Exception:
        return False
    return True


def gymnasium(trial: Trial) -> None:
    """Gymnasium's own contract test."""
    fix = "see https://gymnasium.farama.org/introduction/create_custom_env/"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            within(limits.RESET_SECONDS, check_env, trial.world)
        except TookTooLong:
            raise
        except Exception as error:
            trial.found.error("gymnasium", in_words(error), "gymnasium.utils.env_checker.check_env passes", fix)
    for warning in caught:
        message = str(warning.message)
        if issubclass(warning.category, UserWarning) and not any(known in message for known in IGNORED_WARNINGS):
            trial.found.add(Severity.WARNING, "gymnasium", message[:SHOWN], "check_env gives no warning", fix)


def playing(trial: Trial) -> None:
    """Random episodes, which later checks look at; they end by themselves."""
    for seed in trial.seeds:
        with trial.found.boundary("playing"):
            play = play_episode(trial.world, seed)
            trial.plays.append(play)
            if not play.ended:
                got = f"{LONGEST} steps without an end (seed {seed})"
                fix = "return truncated=True at a time limit"
                trial.found.error("playing", got, "every episode ends", fix)
        if trial.found.hung or (trial.plays and not trial.plays[-1].ended):
            return


def text(trial: Trial) -> None:
    """Observations, desires, changes and warnings are text that fits the space."""
    space = trial.world.observation_space
    fits = "a str within observation_space (at most 8,192 printable ASCII characters unless you set another)"
    fix = "shorten the text, replace its other characters, or set self.observation_space"
    for play in trial.plays:
        for observation in (play.observation, *(moment.observation for moment in play.moments)):
            if observation not in space:
                trial.found.error("text", f"the observation {short(observation)}", fits, fix)
        desire = play.info.get("desire")
        if not isinstance(desire, str) or not desire.strip():
            expected = "info['desire'] from reset: what the user wants, in words"
            trial.found.error("text", short(desire), expected, "return it in reset()'s info")
        for moment in play.moments:
            for key in ("change", "warning"):
                if not isinstance(moment.info.get(key, ""), str):
                    got = f"info[{key!r}] = {short(moment.info[key])}"
                    trial.found.error("text", got, f"info[{key!r}] is a str", "use '' where there is nothing to tell")


def same_seed(trial: Trial) -> None:
    """The same seed and the same actions give the same texts and verdicts."""
    for play in trial.plays:
        for world in {id(w): w for w in (trial.world, trial.again)}.values():
            replay = play_episode(world, play.seed, [moment.action for moment in play.moments])
            pairs: list[tuple[str, Any, Any]] = [
                ("observation of reset()", play.observation, replay.observation),
                ("info of reset()", play.info, replay.info),
                ("candidates", play.listed, replay.listed),
            ]
            for was, now in zip(play.moments, replay.moments, strict=False):
                pairs.append((f"outcome of {was.action!r}", vars(was), vars(now)))
            pairs.append(("number of steps", len(play.moments), len(replay.moments)))
            for what, first, second in pairs:
                if first != second:
                    got = f"another {what} with seed {play.seed}: {short(first)}, then {short(second)}"
                    fix = "draw everything from the seed given to reset(), and keep nothing from earlier episodes"
                    trial.found.error("same seed", got, "the same seed gives the same episode", fix)
                    break


def different_seeds(trial: Trial) -> None:
    """Different seeds give different situations."""
    if len(trial.plays) < 2:
        return
    situations = {f"{play.info.get('desire')}\n{play.observation}" for play in trial.plays}
    fix = "draw the particulars of a situation from the seed"
    if len(situations) == 1:
        got = f"one and the same situation for {len(trial.plays)} seeds"
        trial.found.error("different seeds", got, "different seeds give different situations", fix)
    elif len(situations) < len(trial.plays) / 2:
        got = f"{len(situations)} situations for {len(trial.plays)} seeds"
        trial.found.add(Severity.WARNING, "different seeds", got, "most seeds give a situation of their own", fix)


def candidates(trial: Trial) -> None:
    """There is one list of candidates at a time: different strings, all of them accepted where they are listed."""
    for play in trial.plays:
        for got, fix in play.unsteady:
            trial.found.error("candidates", got, "one list of candidates from one step to the next", fix)
    if trial.plays and not any(listed for play in trial.plays for listed in play.listed):
        fix = "implement candidates(), so that the model need not propose every action itself"
        trial.found.note("candidates", "none listed", "the actions that make sense, if you can list them", fix)
        return
    for play in trial.plays:
        for listed in play.listed:
            if not listed or not all(isinstance(a, str) and a for a in listed) or len(set(listed)) < len(listed):
                fix = "list each action once, as text, and at least one while the episode goes on"
                trial.found.error("candidates", short(listed), "different, non-empty strings", fix)
                continue
            if len(listed) > MOST_CANDIDATES:
                got, fix = f"more than {MOST_CANDIDATES:,} candidates", "list the actions that make sense here"
                trial.found.error("candidates", got, "a list that can be chosen from", fix)
    for play in trial.plays[:5]:
        actions = [moment.action for moment in play.moments]
        for done, listed in enumerate(play.listed[:8]):
            for action in dict.fromkeys(listed):
                tried = play_episode(trial.world, play.seed, [*actions[:done], action])
                if warning := tried.moments[-1].info.get("warning"):
                    got = f"{action!r} is listed but gives the warning {short(warning)}"
                    fix = "list only what step() accepts; what has no effect is no warning"
                    trial.found.error("candidates", got, "every candidate is accepted where it is listed", fix)


def nonsense(trial: Trial) -> None:
    """An action that means nothing gives a warning and changes nothing."""
    world = trial.world
    for seed in trial.seeds[:3]:
        observation, _ = begin(world, seed)
        before = offered(world.facts)
        after, _, terminated, _, info = step(world, NONSENSE)
        if not info.get("warning"):
            fix = "put a sentence into info['warning'] when an action cannot be read; training leaves it out then"
            severity = Severity.ERROR if "warning" in info else Severity.NOTE
            got = f"no warning after the action {NONSENSE!r}"
            trial.found.add(severity, "nonsense", got, "a warning for an action that means nothing", fix)
            continue
        if terminated or after != observation or before != offered(world.facts):
            got = f"a warning after {NONSENSE!r}, and yet {'an end' if terminated else 'another situation'}"
            trial.found.error("nonsense", got, "a warned action changes nothing", "return the state as it was")
        if info.get("change"):
            got = f"the change {short(info['change'])} beside a warning"
            trial.found.error("nonsense", got, "no change beside a warning", "set info['change'] to ''")


def verdicts(trial: Trial) -> None:
    """Progress and harm are the words of the protocol; what is decided ends the episode."""
    for moment in trial.moments():
        progress, harm = moment.info.get("progress"), moment.info.get("harm")
        if progress is None or harm is None:
            fix = "put 'progress' and 'harm' into step()'s info; without them the reward at the end is read"
            trial.found.note("verdicts", "no verdict in info", "info['progress'] and info['harm']", fix)
        for got, words in ((progress, Progress), (harm, Harm)):
            if got is not None and got not in list(words):
                expected = f"a {words.__name__}: {', '.join(words)}"
                trial.found.error("verdicts", short(got), expected, f"use forethought.types.{words.__name__}")
        if not moment.terminated and (harm == Harm.HARMED or progress in (Progress.SATISFIED, Progress.FAILED)):
            got = f"progress {progress!s}, harm {harm!s} after {moment.action!r}, and the episode goes on"
            fix = "return terminated=True with a final verdict"
            trial.found.error("verdicts", got, "harm, satisfaction and failure end the episode", fix)
        try:
            dict(moment.info.get("cost", ()))
        except (TypeError, ValueError):
            expected = "info['cost']: pairs of unit and amount"
            trial.found.error("verdicts", short(moment.info["cost"]), expected, "e.g. (('minutes', 4.0),)")


def reading(trial: Trial) -> None:
    """``read`` inverts every sentence that the world says."""
    texts = [(play.observation, "observation") for play in trial.plays]
    texts += [(m.info.get("change"), "change") for m in trial.moments() if m.info.get("change")]
    for text, what in texts:
        facts = offered(partial(trial.world.read, text))
        if facts is None:
            fix = "implement read(); predictions are compared sentence by sentence without it"
            trial.found.note("reading", "no read()", "the facts that a text states", fix)
            return
        unread = [fact for fact in facts if fact[0] == UNREADABLE]
        if unread:
            got = f"nothing known in the {what}'s sentence {short(unread[0][1])}"
            trial.found.error("reading", got, "read() explains every sentence", "add its template to the grammar")


def changes(trial: Trial) -> None:
    """The change tells what became true or became known (and events, whose kinds no state has), and nothing else."""
    stated = [moment for moment in trial.moments() if moment.before is not None and moment.after is not None]
    if trial.plays and not stated:
        fix = "implement facts(); whole sentences are scored without it"
        trial.found.note("changes", "no facts()", "the true state as a set of facts", fix)
        return
    kinds = {fact[0] for moment in stated for fact in (moment.before or frozenset()) | (moment.after or frozenset())}
    for play in trial.plays:
        known = offered(partial(trial.world.read, play.observation))
        for moment in play.moments:
            if known is None:
                return
            if not moment.warning:
                _change(trial, moment, known, kinds)
            known = trial.world.read(moment.observation)


def _change(trial: Trial, moment: Moment, known: frozenset[Fact], kinds: set[str]) -> None:
    before, after = moment.before or frozenset(), moment.after or frozenset()
    told = frozenset(fact for fact in trial.world.read(moment.info.get("change", "")) if fact[0] in kinds)
    seen = trial.world.read(moment.observation)
    fix = "tell in info['change'] what the action made true, all of it and nothing else"
    if false := sorted(told - after):
        got = f"{short(false[0])}, told after {moment.action!r}, which is not true then"
        trial.found.error("changes", got, "a change tells the truth", fix)
    if stale := sorted(told & before & known):
        got = f"{short(stale[0])}, told after {moment.action!r}, true and seen before"
        trial.found.add(Severity.WARNING, "changes", got, "a change tells only what became true or known", fix)
    if untold := sorted(((after - before) & seen) - told):
        got = f"{short(untold[0])} after {moment.action!r}, seen but not told"
        trial.found.error("changes", got, "a change tells all that can be seen to have become true", fix)


def sealing(trial: Trial) -> None:
    """While an agent acts, nobody looks behind the text."""
    world = trial.world
    begin(world, trial.seeds[0])
    asks: dict[str, Callable[[], Any]] = {
        "facts": world.facts,
        "fork": world.fork,
        "demonstrator": world.demonstrator,
    }
    if isinstance(world, LawfulWorld) and world.probes:
        asks["probe"] = lambda: world.probe(next(iter(world.probes)), trial.seeds[0])
    for name, ask in asks.items():
        if offered(ask) is None:
            continue
        try:
            with world.sealed():
                ask()
            fix = f"call self._check_seal({name!r}) first in {name}()"
            trial.found.error("sealing", f"an answer from {name}() while sealed", "Sealed is raised", fix)
        except Sealed:
            pass


def forking(trial: Trial) -> None:
    """A fork and its origin no longer touch each other."""
    world = trial.world
    for play in trial.plays[:5]:
        begin(world, play.seed)
        fork = offered(world.fork)
        if fork is None:
            fix = "implement fork(); probes of one state by several actions need it"
            trial.found.note("forking", "no fork()", "an independent copy of the world", fix)
            return
        for moment in play.moments:
            step(fork, moment.action)
        same = True
        for moment in play.moments:
            observation, *_ = step(world, moment.action)
            same = same and observation == moment.observation
        if fork is world or not same:
            got = f"another course of seed {play.seed} after its fork was stepped"
            fix = "copy everything that step() changes"
            trial.found.error("forking", got, "stepping a fork leaves the world as it was", fix)


def demonstrating(trial: Trial) -> None:
    """The best demonstrator satisfies the desire."""
    world, satisfied = trial.world, 0
    for seed in trial.seeds:
        begin(world, seed)
        act = offered(partial(world.demonstrator, "best"))
        if act is None:
            fix = "implement demonstrator(), so that it is known that desires can be met, and to imitate"
            trial.found.note("demonstrating", "no demonstrator()", "someone who shows how it is done", fix)
            return
        for _ in range(LONGEST):
            _, reward, terminated, truncated, info = step(world, within(limits.STEP_SECONDS, act))
            if terminated or truncated:
                verdict = info.get("progress", Progress.SATISFIED if float(reward) > 0 else Progress.FAILED)
                satisfied += verdict == Progress.SATISFIED and info.get("harm") != Harm.HARMED
                break
    if satisfied < SATISFIED_SHARE * len(trial.seeds):
        got = f"{satisfied} of {len(trial.seeds)} desires satisfied without harm"
        fix = "mend the demonstrator, or draw only desires that can be met within the time limit"
        trial.found.error(
            "demonstrating", got, f"at least {SATISFIED_SHARE:.0%} satisfied by demonstrator('best')", fix
        )


def hindsight(trial: Trial) -> None:
    """``desire_for`` never wishes for what did harm."""
    for moment in trial.moments():
        if moment.info.get("harm") != Harm.HARMED or moment.before is None or moment.after is None:
            continue
        wish = trial.world.desire_for(moment.after - moment.before)
        if wish is not None and wish == trial.world.desire_for(moment.after):
            got = f"{wish!r} for what the harmful {moment.action!r} brought about"
            fix = "return None for facts that only harm brings about"
            trial.found.error("hindsight", got, "desire_for() never returns a wish for harm", fix)


CHECKS: tuple[Callable[[Trial], None], ...] = (
    playing,
    text,
    same_seed,
    different_seeds,
    nonsense,
    verdicts,
    candidates,
    reading,
    changes,
    sealing,
    forking,
    demonstrating,
    hindsight,
    held_out_axes,
    gymnasium,
)
