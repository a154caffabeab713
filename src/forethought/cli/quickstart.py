"""``forethought quickstart``: two small models side by side, from the same initial weights, compared at the end."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console

from forethought import storage
from forethought.cli.display import Screen, Standing, left, measured
from forethought.cli.jobs import environment
from forethought.cli.options import QUICKSTART, about, parse
from forethought.cli.train import ends_as_interrupts
from forethought.config import Arm
from forethought.errors import BadSetting, Damaged, ForethoughtError

ARMS: tuple[Arm, ...] = ("imitation", "developmental")
DESCRIPTION = (
    "Trains one small model by imitation and one from its own actions, with the same weights at the start and the same "
    "number of tokens, measures both on held-out consequences and writes a report. Run again, it goes on."
)
SUMMARY_FILE = "summary.json"
PATIENCE = 60.0
"""Seconds that a run gets to keep its work before it is ended."""


@dataclass(frozen=True)
class QuickstartOptions:
    """Where, how much, and from which seed."""

    folder: Annotated[Path, about("where the two runs and the report lie")] = QUICKSTART
    budget_tokens: Annotated[int | None, about("training tokens for each (default: the recipe's)", "INT")] = None
    seed: Annotated[int, about("decides the initial weights, equal for both, and the situations")] = 0


def run(arguments: Sequence[str]) -> int:
    """Trains, measures, reports; or prints what an earlier one found."""
    options = parse(QuickstartOptions, arguments, "quickstart", DESCRIPTION)
    console = Console(highlight=False)
    if found := finished(options):
        console.print(f"The quickstart in {options.folder} is finished; this is what it found.")
        return _tell(console, found, options.folder)
    children = [Child(arm, options) for arm in ARMS]
    console.print("Two small models learn side by side. Ctrl-C keeps the work; the same command goes on from there.\n")
    try:
        with ends_as_interrupts(), Screen(console) as screen:
            watch(children, screen)
    except KeyboardInterrupt:
        stop(children)
        console.print(f"\nStopped. The work is kept in {options.folder}; the same command again goes on from there.")
        return 130
    except BaseException:
        stop(children)
        raise
    console.print("Both are trained and measured; writing the report.")
    command = shlex.join(["forethought", "quickstart", *arguments])
    return _tell(console, conclude(options.folder, command), options.folder)


def watch(children: Sequence[Child], screen: Screen) -> None:
    """Shows where both stand until both have ended well; ``ForethoughtError`` as soon as one has not."""
    while True:
        ended = [child.ended for child in children]
        screen.show([child.standing() for child in children])
        if all(ended):
            return
        time.sleep(screen.every)


def stop(children: Sequence[Child]) -> None:
    """Asks every run to keep its work, and waits until they have."""
    for child in children:
        child.interrupt()
    for child in children:
        child.wait()


class Child:
    """One arm's run in a process of its own; what it does is read from its folder."""

    def __init__(self, arm: str, options: QuickstartOptions) -> None:
        self.arm, self.folder = arm, options.folder / arm
        words = ["train", "--recipe", "quickstart", "--arm", arm, "--seed", str(options.seed), "--quiet"]
        words += ["--folder", str(self.folder)]
        if options.budget_tokens is not None:
            words += ["--budget-tokens", str(options.budget_tokens)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "forethought", *words],
            env=environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            start_new_session=True,
        )  # fmt: skip
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        self._first: tuple[float, int] | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended well; ``ForethoughtError`` with its own words if it ended otherwise."""
        code = self.process.poll()
        if code:
            self._reader.join(timeout=5)
            told = next((line for line in reversed(self.said) if line.startswith("forethought:")), "")
            last = told or next((line for line in reversed(self.said) if line.strip()), "it said nothing")
            raise ForethoughtError(
                f"the {self.arm} run ended with code {code}: {last.removeprefix('forethought:').strip()}"
            )
        return code == 0

    def standing(self) -> Standing:
        """Where it stands, by what its folder says."""
        line = last_line(self.folder / "metrics.jsonl")
        if line is None:
            return Standing(self.arm, "starting")
        tokens, budget = int(line["tokens"]), self._budget()
        now = time.monotonic()
        if self._first is None or tokens < self._first[1]:  # a run that was killed goes on from what it had saved
            self._first = now, tokens
        seconds, fresh = now - self._first[0], tokens - self._first[1]
        rate = fresh / seconds if fresh and seconds > 2 else None
        stage = str(line.get("stage", ""))
        if self.process.poll() == 0:
            stage, rate = "done", None
        elif tokens >= budget:
            stage, rate = "measuring", None
        return Standing(
            self.arm, stage, tokens, budget, line.get("steps"), line.get("outcome"),
            measured(str(line.get("stage", "")), line.get("divergence")), rate, left(tokens, budget, rate),
        )  # fmt: skip

    def interrupt(self) -> None:
        """Asks it to keep its work and end."""
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        """Waits until it has; a second Ctrl-C, or too long a wait, ends it at once."""
        try:
            self.process.wait(PATIENCE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self.process.kill()
            self.process.wait()

    def _budget(self) -> int:
        try:
            return int(storage.read_json(self.folder / "config.json")["budget_tokens"])
        except (FileNotFoundError, Damaged, KeyError, TypeError, ValueError):
            return 1

    def _listen(self) -> None:
        assert self.process.stderr is not None, "it was opened as a pipe"
        for line in self.process.stderr:
            self.said = [*self.said[-50:], line.rstrip()]


def last_line(path: Path) -> dict[str, Any] | None:
    """The newest whole line of a metrics file that is being written; ``None`` if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "tokens" in found:
            return found
    return None


def finished(options: QuickstartOptions) -> dict[str, Any] | None:
    """What a finished quickstart wrote; ``None`` if it has to run; ``BadSetting`` if it was asked for another one."""
    try:
        found = storage.read_json(options.folder / SUMMARY_FILE)
        there = {name: found[name] for name in ("seed", "budget_tokens")}
        found["headlines"][0]
    except (FileNotFoundError, Damaged, KeyError, TypeError, IndexError):
        return None
    asked = {"seed": options.seed, "budget_tokens": options.budget_tokens}
    for name, value in asked.items():
        if value is not None and value != there[name]:
            raise BadSetting(
                f"{options.folder} holds a finished quickstart with {name} {there[name]}, and {value} was asked for; "
                f"name another --folder, or delete this one"
            )
    return dict(found)


def conclude(folder: Path, command: str) -> dict[str, Any]:
    """Writes the report and the summary of both runs, and returns the summary."""
    from forethought.cli.measure import printable
    from forethought.evaluation import load_results
    from forethought.reports import write_report
    from forethought.reports.headlines import headlines
    from forethought.training.run import load_config, made_by

    records = list(dict.fromkeys(r for arm in ARMS for r in load_results(folder / arm / SUMMARY_FILE)))
    config = load_config(folder / ARMS[0] / "config.json")
    write_report([folder / arm for arm in sorted(ARMS)], folder / "report.html")  # as 'forethought report' orders them
    summary = {
        "headlines": printable(headlines(records, ARMS), ARMS),
        "records": [record.to_dict() for record in records],
        "seed": config.seed,
        "budget_tokens": config.budget_tokens,
        **made_by(command),
    }
    storage.write_json(folder / SUMMARY_FILE, summary)
    return summary


def _tell(console: Console, summary: dict[str, Any], folder: Path) -> int:
    from forethought.cli.measure import plain_table

    console.print()
    console.print(plain_table(summary["headlines"]))
    console.print(f"\nReport: {(folder / 'report.html').resolve()}", soft_wrap=True)
    return 0
