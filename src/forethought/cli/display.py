"""What a run in progress looks like in a terminal: one row per arm."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

SHOWN = ("demonstrations", "corpus")
"""Stages in which nothing is predicted before it is seen."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one arm stands; ``rate`` in tokens per second, ``left`` in seconds, ``None`` where not known yet."""

    arm: str
    stage: str
    tokens: int = 0
    budget: int = 1
    steps: int | None = None
    outcome_nll: float | None = None
    divergence: float | None = None
    rate: float | None = None
    left: float | None = None


def measured(stage: str, divergence: float | None) -> float | None:
    """The divergence where it was measured: who only watches demonstrations commits to no prediction."""
    return None if stage in SHOWN else divergence


def table(standings: Iterable[Standing]) -> Table:
    """One row per arm: stage, how far it is, what it makes of outcomes, how fast it is."""
    made = Table(box=None, padding=(0, 1))
    for heading in ("arm", "stage", "done"):
        made.add_column(heading, no_wrap=True)
    for heading in ("nll", "divergence", "steps", "tokens/s", "left"):
        made.add_column(heading, justify="right", no_wrap=True)
    for s in standings:
        bar = ProgressBar(total=s.budget, completed=min(s.tokens, s.budget), width=12)
        made.add_row(
            s.arm, s.stage, bar, number(s.outcome_nll, "{:.3f}"), number(s.divergence, "{:.2f}"),
            number(s.steps, "{:,}"), number(s.rate, "{:,.0f}"), duration(s.left),
        )  # fmt: skip
    return made


def number(value: float | None, form: str) -> str:
    """A number in a format, or a dash where there is none."""
    return "-" if value is None or value != value else form.format(value)


def duration(seconds: float | None) -> str:
    """Seconds as people say them: ``4:05`` or ``1:04:05``."""
    if seconds is None or seconds != seconds:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def left(tokens: int, budget: int, rate: float | None) -> float | None:
    """Seconds until the budget is spent at this rate."""
    return (budget - tokens) / rate if rate else None


class Screen:
    """Shows standings: redrawn in place on a terminal, as one line every tenth of the budget anywhere else."""

    def __init__(self, console: Console, every: float = 0.5) -> None:
        self.console, self.every = console, every
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._last, self._said = 0.0, dict[str, tuple[str, int]]()

    def __enter__(self) -> Screen:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live:
            self._live.stop()

    @property
    def due(self) -> bool:
        """Whether it is time to show something again."""
        return time.monotonic() - self._last >= self.every

    def show(self, standings: list[Standing]) -> None:
        """Shows where every arm stands now."""
        self._last = time.monotonic()
        if self._live:
            self._live.update(table(standings), refresh=True)
            return
        for s in standings:
            mark = (s.stage, 10 * s.tokens // max(1, s.budget))
            if self._said.get(s.arm) != mark:
                self._said[s.arm] = mark
                told = f"{s.arm}: {s.stage}"
                if s.tokens:
                    told += f", {s.tokens:,} of {s.budget:,} tokens, outcome nll {number(s.outcome_nll, '{:.3f}')}"
                told += f", {duration(s.left)} left" if s.left else ""
                self.console.print(told, highlight=False, soft_wrap=True)
