"""What ``compare`` and ``capacity`` share: many runs as jobs in one folder, begun once and gone on with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rich.console import Console

from forethought import storage
from forethought.cli.jobs import Job, cores, run_jobs
from forethought.cli.train import ends_as_interrupts
from forethought.config import TrainConfig
from forethought.errors import BadSetting, Damaged, Unmatched

if TYPE_CHECKING:
    from forethought.evaluation import Record

FoundT = TypeVar("FoundT", covariant=True)
OF_A_RUN = {"arm": "--arms", "seed": "--seeds", "recorded": "none: it is the developmental run with the same seed"}
"""What differs from run to run, and what says it."""
TUNE_SEED, TUNE_SHARE = 10_000, 0.5
"""Tuning's seed, which no run has, and its share of the budget."""
PLAN_FILE, TUNING_FILE = "plan.json", "tuning.json"


class Sweep(Protocol[FoundT]):
    """Runs to be done in a folder, and what follows from them."""

    folder: Path

    def keep(self) -> None:
        """Writes down what was asked for; ``BadSetting`` where another plan was begun in this folder."""

    def work(self) -> dict[str, str]:
        """Does whatever is not done; returns what failed."""

    def conclude(self, failed: dict[str, str], command: str) -> FoundT:
        """Reads off what was measured and writes it down."""


def champion_first(arms: Sequence[str], console: Console) -> list[str]:
    """Each arm once; the developmental one first, and added where another learns from what it lived through."""
    from forethought.evaluation.comparison import CHAMPION
    from forethought.training.arms import way_of

    found = list(dict.fromkeys(arms))
    if CHAMPION not in found and any(way_of(arm).yoked for arm in found):
        console.print(f"{CHAMPION!r} is trained too: another arm learns from what it lived through.")
        found.append(CHAMPION)
    return sorted(found, key=lambda arm: arm != CHAMPION)


def check_numbers(options: Any, **least: int) -> None:
    """``BadSetting`` where an option is below its least value, or a seed cannot be one of the runs'."""
    for name, bound in least.items():
        if (value := getattr(options, name)) is not None and value < bound:
            raise BadSetting(f"--{name.replace('_', '-')} {value}; expected at least {bound}")
    if low := [seed for seed in options.seeds if seed < 0]:
        raise BadSetting(f"--seeds {low[0]}; expected whole numbers from 0 on")
    if options.tune and TUNE_SEED in options.seeds:
        raise BadSetting(f"--seeds {TUNE_SEED} is what --tune trains with; expected others, which tuning did not see")


def settings_of(told: Sequence[str], instead: Mapping[str, str]) -> dict[str, Any]:
    """``NAME=VALUE`` texts as settings; where several values are expected, a comma stands between them.

    Raises ``BadSetting`` for a text of another form, and for a setting that differs from run to run or has an option of
    its own; ``instead`` says which.
    """
    if odd := [part for part in told if not part.partition("=")[2]]:
        raise BadSetting(f"--set {odd[0]!r}; expected NAME=VALUE, for example batch_steps=64")
    settings: dict[str, Any] = dict(part.partition("=")[::2] for part in told)
    for name in settings:
        if name in instead:
            raise BadSetting(f"--set {name}={settings[name]} cannot hold for all runs; expected {instead[name]}")
    several = {name for name, field in TrainConfig.model_fields.items() if isinstance(field.default, tuple)}
    return {name: tuple(value.split(",")) if name in several else value for name, value in settings.items()}


def keep_plan(folder: Path, mine: Mapping[str, Any], what: str, addable: str) -> None:
    """Writes the plan; ``BadSetting`` where another one was begun in this folder, ``Damaged`` where it is lost."""
    from forethought.evaluation.comparison import MEASURED

    path = folder / PLAN_FILE
    if not path.exists() and any(run for depth in ("*", "*/*/*") for run in folder.glob(f"{depth}/{MEASURED}")):
        raise Damaged(f"{folder} holds runs and no {PLAN_FILE}; restore it from a copy, or use another --folder")
    there = _plan(path) if path.exists() else mine
    if (theirs := _set_in_any_order(there)) != (asked := _set_in_any_order(mine)):
        differing = [f"{k} was {there.get(k)!r} and is {v!r}" for k, v in mine.items() if theirs.get(k) != asked[k]]
        raise BadSetting(
            f"{folder} holds another {what}: {', '.join(differing)}. {addable} may be added there; "
            "for anything else use another --folder."
        )
    storage.write_json(path, mine)


def _set_in_any_order(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan to be compared with another: the order in which settings were named does not matter."""
    told = plan.get("set")
    return {**plan, "set": dict(str(part).partition("=")[::2] for part in told) if isinstance(told, list) else told}


def _plan(path: Path) -> dict[str, Any]:
    """The plan in a file; ``Damaged`` where there is none, which is no reason to begin another one beside its runs."""
    try:
        there = storage.read_json(path)
    except Damaged:
        there = None
    if not isinstance(there, dict):
        raise Damaged(f"{path} holds no plan; restore it from a copy, or use another --folder")
    return there


def recorded_in(folder: Path, yoke: Path) -> str:
    """How the run in ``folder`` names the one that it learns from: as it was begun, else by its whole path."""
    path, whole = folder / "config.json", yoke.resolve()
    try:
        there = storage.read_json(path).get("recorded") if path.exists() else ""
    except (Damaged, AttributeError):
        there = ""
    same = isinstance(there, str) and there and Path(there).resolve() == whole
    return str(there) if same else str(whole)


def train_command(recipe: str, arm: str, seed: int, folder: Path, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that trains one run."""
    words = ["train", "--quiet", "--no-evaluate", "--recipe", recipe, "--arm", arm, "--seed", str(seed)]
    words += ["--folder", str(folder)]
    for name, value in settings.items():
        option = name.replace("_", "-")
        if isinstance(TrainConfig.model_fields[name].default, bool):
            words.append(f"--{option}" if getattr(TrainConfig.of(**{name: value}), name) else f"--no-{option}")
        else:
            words += [f"--{option}", *(value if isinstance(value, tuple) else [str(value)])]
    return tuple(words)


def check_begun(jobs: Sequence[Job]) -> None:
    """``BadSetting`` where what is done or begun was trained with other settings than are asked for now; ``Unmatched``
    where what is still to do would be done by another commit or other versions than it was.
    """
    for job in jobs:
        if job.config is not None:
            _check_settings(job.leaves.parent, job.config.model_dump(mode="json"))
    if not all(job.done for job in jobs):
        from forethought.training.run import made_by

        mine = made_by("")
        for folder in dict.fromkeys(job.leaves.parent for job in jobs):
            _check_made(folder, mine)


def _check_settings(folder: Path, asked: Mapping[str, Any]) -> None:
    there = _told(folder / "config.json")
    for name in asked.keys() & there.keys():
        if name == "recorded" and isinstance(there[name], str):  # the folder may have been moved, or spelled otherwise
            same = Path(there[name]).name == Path(asked[name]).name
        else:
            same = there[name] == asked[name]
        if not same:
            raise BadSetting(
                f"{folder} was trained with {name} {there[name]!r}, and {asked[name]!r} is asked for. Use another "
                f"--folder, or delete {folder} to train it again."
            )


def _check_made(folder: Path, mine: Mapping[str, Any]) -> None:
    there = _told(folder / "summary.json")
    for name in ("commit", "versions"):
        if name in there and there[name] != mine[name]:
            raise Unmatched(
                f"{folder} was trained by {name} {there[name]!r}, and this is {mine[name]!r}: what is still to do "
                "could not be compared with it. Go on with that one, or use another --folder."
            )


def _told(path: Path) -> dict[str, Any]:
    """What a file of a run tells; {} where it is not there or damaged, which is said when the run is read."""
    try:
        found = storage.read_json(path) if path.is_file() else {}
    except Damaged:
        return {}
    return found if isinstance(found, dict) else {}


def work_off(jobs: Sequence[Job], folder: Path, at_once: int | None, console: Console) -> dict[str, str]:
    """Does whatever is not done and says how far it is; returns what failed. Raises as ``check_begun`` does."""
    check_begun(jobs)
    done = sum(job.done for job in jobs)
    if done < len(jobs):
        console.print(f"{len(jobs) - done} of {len(jobs)} jobs to do, in {folder}.")

    def tell(name: str, what: str) -> None:
        nonlocal done
        done += what == "done"
        many = f" ({done} of {len(jobs)})" if what == "done" else ""
        console.print(f"{name}: {what}{many}", soft_wrap=True)

    return run_jobs(jobs, at_once or cores(), watch=tell)


def save(
    folder: Path, name: str, records: Sequence[Record], command: str, told: Mapping[str, Any], made: Mapping[str, Any]
) -> None:
    """Writes a result with what was tuned beside it, and ``made``: the commit and versions of its runs, which may not
    be those that read it off.
    """
    from forethought.training.run import made_by

    tuning = folder / TUNING_FILE
    extra = {**told, "tuning": storage.read_json(tuning) if tuning.exists() else {}}
    found = {"records": [record.to_dict() for record in records], **made_by(command)}
    if made:
        found |= {"commit": made["commit"], "versions": {k: v for k, v in made.items() if k != "commit"}}
    assert not found.keys() & extra.keys(), "a result's own entries would be hidden"
    storage.write_json(folder / name, {**found, **extra})


def tell_cost(jobs: Sequence[Job], tokens: float, flops: float, seconds: float, console: Console) -> None:
    """Says what is left of what jobs take together, each in proportion to its budget."""
    budgets = [(job.config.budget_flops or job.config.budget_tokens, job.done) for job in jobs if job.config]
    share = sum(budget for budget, done in budgets if not done) / sum(budget for budget, _ in budgets)
    tell_left(jobs, share * tokens, share * flops, share * seconds, console)


def tell_left(jobs: Sequence[Job], tokens: float, flops: float, seconds: float, console: Console) -> None:
    """Says how many jobs are done and what the others would take."""
    hours, done = seconds / 3600, sum(job.done for job in jobs)
    if done == len(jobs):
        console.print(f"{done} runs, all of them done: nothing is left to train.")
        return
    console.print(
        f"{len(jobs)} runs, {done} of them done: {tokens:,.0f} training tokens, about {flops:.1e} floating-point "
        f"operations and {hours:.1f} hours of one core ({hours / cores():.1f} hours on {cores()}) are left, living and "
        "measuring not counted (with them, expect up to twice that).",
        soft_wrap=True,
    )


def carry_out(plan: Sweep[FoundT], command: str, write_page: Callable[[Path], Path], console: Console) -> FoundT | None:
    """Does whatever is not done, concludes and writes the page; ``None`` where Ctrl-C came before."""
    from forethought.evaluation.comparison import FAILED_FILE

    with storage.lock(plan.folder):
        plan.keep()
        try:
            with ends_as_interrupts():
                failed = plan.work()
            storage.write_json(plan.folder / FAILED_FILE, failed)
            found = plan.conclude(failed, command)
        except Unmatched as error:
            raise Unmatched(f"{error}{_older(plan.folder)}") from error
        except KeyboardInterrupt:
            console.print(f"\nStopped. The work is kept in {plan.folder}; the same command again goes on from there.")
            return None
        write_page(plan.folder)
    return found


def _older(folder: Path) -> str:
    """What to know of a page and a result that were written before something was refused; nothing if there are none."""
    page = folder / "report.html"
    told = f" {page} and the result beside it were written before, and are not of what lies there now."
    return told if page.exists() else ""


def tell_end(folder: Path, name: str, missing: Mapping[str, str], console: Console) -> int:
    """Says where the result and its page lie and what is missing; returns the exit status."""
    console.print(f"Result: {folder / name}", soft_wrap=True)
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True)
    for what, why in missing.items():
        console.print(f"Missing: {what} ({why})", soft_wrap=True)
    return 1 if missing else 0


def print_json(path: Path) -> None:
    """Prints a result's file."""
    json.dump(storage.read_json(path), sys.stdout, indent=2)
    print()
