"""Jobs are run once each, in order, side by side; what fails stops only what comes after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from forethought.cli.jobs import LOG, Here, Job, reason, run_jobs
from forethought.errors import BadSetting


class Fake:
    """Does nothing but remember; ``fails`` are the jobs that do not end well."""

    def __init__(self, *fails: str) -> None:
        self.fails, self.order, self.now, self.most = fails, list[str](), 0, 0
        self.lock, self.stopped = threading.Lock(), False

    def __call__(self, job: Job) -> str:
        with self.lock:
            self.order.append(job.name)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        if job.name in self.fails:
            return "it broke"
        job.leaves.parent.mkdir(parents=True, exist_ok=True)
        job.leaves.write_text("done")
        return ""

    def stop(self) -> None:
        self.stopped = True


def jobs(folder: Path, **after: tuple[str, ...]) -> list[Job]:
    return [Job(name, (), folder / name / "left", after[name]) for name in after]


def test_jobs_come_after_those_they_need_and_as_many_at_once_as_were_asked_for(tmp_path: Path) -> None:
    here = Fake()
    made = jobs(tmp_path, late=("early",), other=(), early=(), last=("late", "other"))
    told: list[tuple[str, str]] = []
    assert run_jobs(made, 2, here, lambda name, what: told.append((name, what))) == {}
    assert here.order.index("early") < here.order.index("late") < here.order.index("last") and here.most == 2
    assert told.count(("last", "done")) == 1 and all(job.done for job in made)
    assert run_jobs(made, 2, here) == {} and len(here.order) == 4, "what is done is not done again"


def test_what_fails_stops_only_what_comes_after_it_and_is_tried_again(tmp_path: Path) -> None:
    made = jobs(tmp_path, a=(), b=("a",), c=("b",), d=())
    assert run_jobs(made, 1, Fake("a")) == {"a": "it broke", "b": "a failed", "c": "b failed"}
    assert [job.done for job in made] == [False, False, False, True]
    again = Fake()
    assert run_jobs(made, 1, again) == {} and again.order == ["a", "b", "c"]


@pytest.mark.parametrize("broken", [RuntimeError("boom"), BadSetting("boom")])
def test_a_job_that_raises_stops_only_what_comes_after_it(broken: Exception, tmp_path: Path) -> None:
    class Raising(Fake):
        def __call__(self, job: Job) -> str:
            if job.name == "b":
                raise broken
            return super().__call__(job)

    here = Raising()
    failed = run_jobs(jobs(tmp_path, a=(), b=(), c=("b",), d=()), 1, here)
    assert failed["b"] in ("RuntimeError: boom", "boom") and failed["c"] == "b failed"
    assert here.order == ["a", "d"] and not here.stopped


def test_a_job_whose_log_cannot_be_written_stops_only_what_comes_after_it(tmp_path: Path) -> None:
    (tmp_path / "blocked").touch()
    blocked = Job("blocked", (("--version",),), tmp_path / "blocked" / "told.txt")
    good = Job("good", (("--version",),), tmp_path / "good" / "told.txt")
    failed = run_jobs([blocked, good], 1)
    assert list(failed) == ["blocked"] and "told.log cannot be written" in failed["blocked"] and good.done


def test_a_job_that_leaves_nothing_has_failed(tmp_path: Path) -> None:
    class Idle(Fake):
        def __call__(self, job: Job) -> str:
            return ""

    failed = run_jobs(jobs(tmp_path, a=(), b=("a",)), 1, Idle())
    assert failed == {"a": "it ended and left no left", "b": "a failed"}


def test_a_queue_that_cannot_be_worked_off_is_refused(tmp_path: Path) -> None:
    for wrong, said in (
        (jobs(tmp_path, a=("z",)), "job 'a' comes after 'z', which is not in the queue"),
        ([*jobs(tmp_path, a=()), *jobs(tmp_path, a=())], "2 jobs have only 1 names"),
        (jobs(tmp_path, p=("q",), q=("p",), a=()), r"wait for each other: (p -> q -> p|q -> p -> q)"),
        (jobs(tmp_path, a=("a",)), "wait for each other: a -> a"),
    ):
        with pytest.raises(BadSetting, match=said):
            run_jobs(wrong, 1, Fake())


def test_a_stop_is_passed_on(tmp_path: Path) -> None:
    here = Fake()

    def interrupt(name: str, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs(tmp_path, a=()), 1, here, interrupt)
    assert here.stopped


def test_commands_run_here_and_what_they_say_is_kept(tmp_path: Path) -> None:
    good = Job("good", (("--version",), ("worlds", "--help")), tmp_path / "good" / "told.txt")
    bad = Job("bad", (("train", "--worlds", "eranda"), ("--version",)), tmp_path / "bad" / "told.txt")
    failed = run_jobs([good, bad], 1)
    assert "Lists the worlds" in good.leaves.read_text() and not bad.done
    assert "'forethought train' ended with code 2" in failed["bad"] and "did you mean 'errand'" in failed["bad"]
    log = good.leaves.with_suffix(LOG).read_text()
    assert log.startswith("$ forethought --version\n$ forethought worlds --help\n")


def test_the_reason_of_a_failure_is_its_last_line_with_words() -> None:
    box = "╭─ Parsing error ─────╮\n│ Unrecognized: --lots │\n╰──────────────────────╯\n"
    assert reason(box) == "Unrecognized: --lots" and reason("\n---\n") == "it said nothing"
    assert reason("note: x\nforethought: it is full\n") == "it is full"


def test_a_stopped_machine_starts_nothing_more(tmp_path: Path) -> None:
    here = Here()
    here.stop()
    assert here(Job("late", (("--version",),), tmp_path / "late" / "told.txt")) == "stopped"


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_being_asked_to_stop_reaches_what_runs(tmp_path: Path, told: signal.Signals) -> None:
    """By Ctrl-C, and by SIGTERM in the background, where a shell lets whatever it starts ignore SIGINT."""
    keys = "SIG_IGN" if told is signal.SIGTERM else "default_int_handler"
    code = (
        "import signal; from pathlib import Path; from forethought.cli.jobs import Job, run_jobs\n"
        "from forethought.cli.train import ends_as_interrupts\n"
        f"signal.signal(signal.SIGINT, signal.{keys})\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "train = ('train', '--folder', str(folder / 'run'), '--budget-tokens', '50000000', '--practice-share', '0')\n"
        "with ends_as_interrupts():\n"
        "    run_jobs([Job('run', (train,), folder / 'run' / 'left')])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env={**os.environ})
    metrics = tmp_path / "run" / "metrics.jsonl"
    for _ in range(1200):
        if metrics.exists() and metrics.stat().st_size:
            break
        time.sleep(0.1)
    process.send_signal(told)
    _, said = process.communicate(timeout=120)
    assert "KeyboardInterrupt" in said and list((tmp_path / "run" / "checkpoints").glob("step-*"))


@pytest.mark.slow
def test_whatever_a_job_does_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    starter = (
        "import subprocess, sys; from forethought.cli.jobs import environment; "
        "job = subprocess.Popen([sys.executable, '-m', 'forethought', 'play', 'errand'], env=environment(), "
        "stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True); "
        "print(job.pid, flush=True); job.wait()"
    )
    process = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    job = int(process.stdout.readline())
    time.sleep(1)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{job}").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not Path(f"/proc/{job}").exists()
