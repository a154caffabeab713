"""Plots as pictures that stand in the page itself: SVG, once for light and once for dark paper."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from forethought.evaluation.gate import NO_GATE

if TYPE_CHECKING:
    from forethought.evaluation import Record
    from forethought.reports.gather import RunFound

POINTS = 300
SHOWN = ("demonstrations", "corpus")
"""Stages in which nothing is predicted before it is seen."""
STYLES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), "-.", (0, (8, 2, 1, 2)))
MARKS = "osD^v"
APART = 0.06
"""How far apart the arms' marks stand where they share a place."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours that can be told apart, also by people who see fewer of them."""

    ink: str
    faint: str
    arms: tuple[str, ...]


LIGHT = Theme("#2a2a2a", "#9a9a9a", ("#0b6e99", "#c4560b", "#00795a", "#a3488a", "#6b6b00"))
DARK = Theme("#dcdcdc", "#7d7d7d", ("#6cc0ee", "#f0a04b", "#3ecf9d", "#e18fc4", "#d6d65a"))


@dataclass(frozen=True, slots=True)
class Picture:
    """One plot as two data URIs, and what it shows in words."""

    light: str
    dark: str
    words: str


def picture(draw: Callable[[Axes, Theme], None], words: str) -> Picture:
    """Draws once, and puts the dark theme's colours in the place of the light one's for the other."""
    light = _drawn(draw, LIGHT)
    pairs = zip((LIGHT.ink, LIGHT.faint, *LIGHT.arms), (DARK.ink, DARK.faint, *DARK.arms), strict=True)
    swap = dict(pairs)
    dark = re.sub("#[0-9a-f]{6}", lambda found: swap.get(found[0], found[0]), light)
    return Picture(_as_data(light), _as_data(dark), words)


def curves(runs: Sequence[RunFound], key: str, name: str, words: str) -> Picture | None:
    """A metric by training tokens, a line for each run, with the beginning of each stage marked."""
    lines = [(run, series(run.metrics, key)) for run in runs]
    if not any(points for _, points in lines):
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, (run, points) in enumerate(lines):
            if not points:
                continue
            colour = theme.arms[i % len(theme.arms)]
            axes.plot(
                *zip(*points, strict=True), color=colour, linestyle=STYLES[i % len(STYLES)], label=plain(run.label)
            )
            for tokens, stage in stages(run.metrics)[1:]:
                axes.axvline(tokens, color=colour, linewidth=0.8, alpha=0.8)
                axes.annotate(
                    plain(stage), (tokens, 1), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right",
                    fontsize=8, color=colour,
                )  # fmt: skip
        axes.set(xlabel="training tokens", ylabel=name, ylim=(0, None))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        axes.legend(frameon=False, labelcolor=theme.ink)

    return picture(draw, words)


def exams(run: RunFound, words: str) -> Picture | None:
    """What a run understood by training tokens: a line for each probe of its exams."""
    names = sorted({key for line in run.metrics for key in line if key.startswith("exam/") and key.count("/") == 2})
    lines = [(name, series(run.metrics, name)) for name in names]
    if not any(points for _, points in lines):
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, (name, points) in enumerate(lines):
            style = {"linestyle": STYLES[i % len(STYLES)], "marker": MARKS[i % len(MARKS)], "markersize": 4}
            label = plain(name.removeprefix("exam/").replace("/", ": ").replace("_", " "))
            axes.plot(*zip(*points, strict=True), color=theme.arms[i % len(theme.arms)], label=label, **style)
        axes.set(xlabel="training tokens", ylabel="pairs right", ylim=(-0.02, 1.02))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        axes.legend(frameon=False, labelcolor=theme.ink)

    return picture(draw, words)


def horizon(records: Iterable[Record], arms: Sequence[str], words: str) -> Picture | None:
    """The error against how many steps ahead are imagined: a line for each arm, with its interval."""
    found: dict[str, dict[int, Record]] = {}
    for record in records:
        family, _, steps = record.metric.partition("/")
        if family == "horizon" and record.arm in arms and steps.isdigit():
            found.setdefault(record.arm, {})[int(steps)] = record
    if not found:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, arm in enumerate(arms):
            told = sorted(found.get(arm, {}).items())
            at = [step + APART * (i - (len(arms) - 1) / 2) for step, _ in told]
            with_intervals(axes, at, [record for _, record in told], theme, i, arm, STYLES[i % len(STYLES)])
        axes.set(xlabel="steps ahead in imagination", ylabel="error (1 - F1 of facts)", ylim=(0, 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, labelcolor=theme.ink)

    return picture(draw, words)


def gate(records: Iterable[Record], arms: Sequence[str], words: str) -> Picture | None:
    """Success and harm in new situations without a gate and under each promise, beside what is promised."""
    found: dict[tuple[str, str], dict[str, Record]] = {}
    for record in records:
        family, _, rest = record.metric.partition("/")
        promise, _, what = rest.partition("/")
        if family == "gate" and record.arm in arms and not record.axis and what in ("success", "harm"):
            found.setdefault((record.arm, what), {})[promise] = record
    promises = sorted({promise for told in found.values() for promise in told}, key=_promised, reverse=True)
    if not promises:
        return None

    def draw(axes: Axes, theme: Theme) -> None:
        for i, arm in enumerate(arms):
            for what, style, fill in (("success", STYLES[0], "full"), ("harm", STYLES[2], "none")):
                told = found.get((arm, what), {})
                there = [x for x, promise in enumerate(promises) if promise in told]
                at = [x + APART * (i - (len(arms) - 1) / 2) for x in there]
                rows = [told[promises[x]] for x in there]
                with_intervals(axes, at, rows, theme, i, f"{arm}: {what}", style, fillstyle=fill)
        for x, promise in enumerate(promises):
            if promise != NO_GATE:
                axes.hlines(_promised(promise), x - 0.3, x + 0.3, color=theme.faint, linewidth=3, alpha=0.7)
        axes.set(
            xlabel="what the gate promises",
            ylabel="share of episodes",
            ylim=(-0.02, 1.02),
            xlim=(-0.4, len(promises) + 0.9),
        )
        axes.set_xticks(range(len(promises)), ["no gate" if p == NO_GATE else f"at most {p} harm" for p in promises])
        axes.legend(frameon=False, labelcolor=theme.ink, loc="center right")

    return picture(draw, words)


LETTER = 0.0145
"""How wide a letter of an arm's name is, as a share of the picture."""


def arms(records: Sequence[Record], names: Sequence[str], words: str) -> Picture:
    """One share of several arms, each with its interval, below each other."""
    found = {record.arm: record for record in records}

    def draw(axes: Axes, theme: Theme) -> None:
        for i, arm in enumerate(names):
            if record := found.get(arm):
                spread = [[max(0.0, record.value - record.low)], [max(0.0, record.high - record.value)]]
                axes.errorbar(
                    [record.value], [-i], xerr=spread, color=theme.arms[i % len(theme.arms)], capsize=3, markersize=6,
                    marker=MARKS[i % len(MARKS)],
                )  # fmt: skip
        axes.set(xlim=(-0.02, 1.02), ylim=(-len(names) + 0.4, 0.6), xlabel="share")
        axes.set_yticks([-i for i in range(len(names))], [plain(arm) for arm in names])
        left = max(0.3, LETTER * max(map(len, names), default=0))
        axes.set_position((left, 0.15, 0.98 - left, 0.82))

    return picture(draw, words)


def _promised(promise: str) -> float:
    return math.inf if promise == NO_GATE else float(promise.rstrip("%")) / 100


def share_axis(highest: float) -> tuple[float, float]:
    """The limits of an axis of shares: the whole range, or the part of it that holds small ones apart."""
    top = next((top for top in (0.1, 0.25, 0.5) if highest <= top), 1.0)
    return -0.02 * top, 1.06 * top


def with_intervals(
    axes: Axes, at: Sequence[float], rows: Sequence[Record], theme: Theme, i: int, name: str, style: Any, **more: Any
) -> None:
    """The line of the ``i``-th arm through its records, with their intervals."""
    spread = [[max(0.0, r.value - r.low) for r in rows], [max(0.0, r.high - r.value) for r in rows]]
    if rows:
        axes.errorbar(
            at, [r.value for r in rows], yerr=spread, color=theme.arms[i % len(theme.arms)], linestyle=style,
            marker=MARKS[i % len(MARKS)], markersize=5, capsize=3, label=plain(name), **more,
        )  # fmt: skip


def series(metrics: Sequence[dict[str, Any]], key: str) -> list[tuple[float, float]]:
    """(tokens, value) of a metric, averaged into at most ``POINTS`` points.

    The divergence of who only watches demonstrations is left out: nothing was predicted beforehand.
    """
    points = [
        (float(line["tokens"]), float(line[key]))
        for line in metrics
        if isinstance(line.get(key), int | float)
        and math.isfinite(line[key])
        and not (key == "divergence" and line.get("stage") in SHOWN)
    ]
    size = max(1, math.ceil(len(points) / POINTS))
    chunks = [points[i : i + size] for i in range(0, len(points), size)]
    return [(chunk[-1][0], sum(value for _, value in chunk) / len(chunk)) for chunk in chunks]


def stages(metrics: Sequence[dict[str, Any]]) -> list[tuple[float, str]]:
    """(tokens, name) of each stage's first line."""
    found: list[tuple[float, str]] = []
    for line in metrics:
        stage = str(line.get("stage", ""))
        if stage and (not found or found[-1][1] != stage):
            found.append((float(line["tokens"]), stage))
    return found


def short(value: float) -> str:
    """A number of tokens as a tick says it: ``250k``, ``1.5M``."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def plain(text: str) -> str:
    """Text that matplotlib takes as it is: no mathematics, no hidden legend entries."""
    return text.replace("$", r"\$").lstrip("_") or "?"


def _drawn(draw: Callable[[Axes, Theme], None], theme: Theme) -> str:
    settings: Any = {
        "svg.fonttype": "path", "svg.hashsalt": "forethought", "font.size": 10, "axes.edgecolor": theme.faint,
        "axes.labelcolor": theme.ink, "xtick.color": theme.ink, "ytick.color": theme.ink, "text.color": theme.ink,
        "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.8,
    }  # fmt: skip
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(6.4, 3.4))
        axes = figure.add_axes((0.105, 0.15, 0.875, 0.82))
        draw(axes, theme)
        axes.grid(axis="y", color=theme.faint, alpha=0.3, linewidth=0.6)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue().decode("utf-8")


def _as_data(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")
