"""Jobs: commands of this project that each leave a file behind, run side by side; what died is run again."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Protocol

from forethought import storage
from forethought.cli import PARENT
from forethought.config import TrainConfig
from forethought.errors import BadSetting, ForethoughtError

LOG = ".log"
"""What a job says besides lies beside what it leaves, with this ending."""


class Launch(Protocol):
    """Where jobs run: the seam for other machines."""

    def __call__(self, job: Job) -> str:
        """Runs a job to its end and returns what failed, or nothing."""

    def stop(self) -> None:
        """Asks what runs to keep its work and end."""


Watch = Callable[[str, str], None]
"""Called with a job's name and what has become of it: ``started``, ``done`` or why it failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """Commands (without ``forethought``) run one after the other; what the last one prints becomes ``leaves``.

    It is done when that file is there. ``after`` names the jobs that must be done before, and ``config`` is what the
    run beside that file is trained with, where one is.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    leaves: Path
    after: tuple[str, ...] = ()
    config: TrainConfig | None = None

    @property
    def done(self) -> bool:
        """Whether it was done, now or earlier."""
        return self.leaves.exists()


def run_jobs(
    jobs: Sequence[Job], at_once: int = 1, launch: Launch | None = None, watch: Watch | None = None
) -> dict[str, str]:
    """Runs what is not done, ``at_once`` at a time, in the order given; returns what failed, by name.

    A job that fails, by whatever exception, or leaves nothing does not stop the others, only those that come after it.
    Ctrl-C is passed on to the jobs, which keep their work; the same call goes on from there. Raises ``BadSetting`` for
    a queue that cannot be worked off.
    """
    _check(jobs)
    failed: dict[str, str] = {}
    waiting = [job for job in jobs if not job.done]
    running: dict[Future[str], Job] = {}
    told = watch or (lambda name, what: None)
    launch = launch or Here()
    with ThreadPoolExecutor(max(1, at_once)) as workers:
        try:
            _work(waiting, running, failed, at_once, workers, launch, told)
        except BaseException:
            launch.stop()
            raise
    return failed


def _check(jobs: Sequence[Job]) -> None:
    """``BadSetting`` where two jobs share a name, or one could never start."""
    after = {job.name: job.after for job in jobs}
    if len(after) < len(jobs):
        raise BadSetting(f"{len(jobs)} jobs have only {len(after)} names; expected a name of its own for each")
    if lost := [(name, other) for name in after for other in after[name] if other not in after]:
        raise BadSetting("job {!r} comes after {!r}, which is not in the queue; add that one too".format(*lost[0]))
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        raise BadSetting(f"jobs wait for each other: {' -> '.join(error.args[1])}; expected none to") from error


def _work(
    waiting: list[Job],
    running: dict[Future[str], Job],
    failed: dict[str, str],
    at_once: int,
    workers: ThreadPoolExecutor,
    launch: Launch,
    told: Watch,
) -> None:
    """Starts whatever can start, until nothing waits or runs."""
    while waiting or running:
        while job := next((job for job in waiting if any(name in failed for name in job.after)), None):
            waiting.remove(job)
            failed[job.name] = f"{next(name for name in job.after if name in failed)} failed"
            told(job.name, failed[job.name])
        busy = {job.name for job in (*waiting, *running.values())}
        for job in [job for job in waiting if not busy.intersection(job.after)]:
            if len(running) < max(1, at_once):
                waiting.remove(job)
                running[workers.submit(_wrong, launch, job)] = job
                told(job.name, "started")
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            job = running.pop(future)
            if wrong := future.result():
                failed[job.name] = wrong
            told(job.name, wrong or "done")


def _wrong(launch: Launch, job: Job) -> str:
    """What failed in a job, exceptions included; nothing where it left what it should."""
    try:
        wrong = launch(job)
    except ForethoughtError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return wrong or ("" if job.done else f"it ended and left no {job.leaves.name}")


class Here:
    """Runs jobs on this machine, one thread each, as processes that stop when this one dies."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def __call__(self, job: Job) -> str:
        """The commands of a job, one after the other; what they say besides goes to its log."""
        told, out = "", ""
        for arguments in job.commands:
            if self._stopped:
                return "stopped"
            code, out, said = self._run(arguments)
            told += f"$ forethought {shlex.join(arguments)}\n{said}"
            storage.write_text(job.leaves.with_suffix(LOG), told)
            if code:
                return f"'forethought {arguments[0]}' ended with code {code}: {reason(said)}"
        storage.write_text(job.leaves, out)
        return ""

    def _run(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "forethought", *arguments], env=environment(), text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._running.add(process)
        try:
            out, said = process.communicate()
        finally:
            self._running.discard(process)
        return process.returncode, out, said

    def stop(self) -> None:
        """Asks what runs to keep its work and end, by SIGTERM: what a shell starts in the background ignores SIGINT."""
        self._stopped = True
        for process in list(self._running):
            process.terminate()


def reason(said: str) -> str:
    """The last line of what a command said that holds words, without the box around it."""
    lines = [line.strip(" │|") for line in said.splitlines() if any(letter.isalpha() for letter in line)]
    return lines[-1].removeprefix("forethought: ") if lines else "it said nothing"


def environment() -> dict[str, str]:
    """The environment of a process with one thread that stops when this one dies."""
    return {**os.environ, "OMP_NUM_THREADS": "1", PARENT: str(os.getpid())}


def cores() -> int:
    """How many processes of one thread keep this machine busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
