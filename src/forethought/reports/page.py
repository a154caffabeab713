"""The report itself: what was found in run folders, put into one page of HTML that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from forethought import storage
from forethought.reports import figures, tables
from forethought.reports.gather import RunFound, gather
from forethought.reports.headlines import choice_in_words, headlines, in_words, percent

SIGNS = {"right": "✓", "missing": "○", "wrong": "✗"}
SHOWN_EXAMPLES = 8
CURVES = (
    (
        "outcome",
        "nats per outcome token",
        "How surprising outcomes are while learning: mean nats per outcome token. "
        "Each learns from its own experience, so the heights of different ways of training do not compare.",
    ),
    (
        "divergence",
        "divergence (1 - F1)",
        "How far predictions that were committed to beforehand are from what then happened. "
        "Who only watches demonstrations commits to none.",
    ),
)
EXAM_WORDS = (
    "Pairs of the validation probes with both sides right, asked again and again: what rises was learned, what falls "
    "was forgotten."
)
GATE_WORDS = (
    "What a gate lets through in new situations: success (filled) and harm (open) without one and under each promise. "
    "The grey bars are the promises; a gate that always holds would have neither harm nor success."
)
HORIZON_WORDS = "The error of imagined facts, one to four steps into the model's own imagined future (lower is better)."


def build(folders: Sequence[Path], out: Path) -> Path:
    """Writes the report about these run folders to ``out``."""
    return written(out, "report.html.j2", content(gather(folders)))


def written(out: Path, template: str, content: dict[str, Any]) -> Path:
    """Fills one of the templates of this folder and writes the page."""
    storage.write_text(out, rendered(template, content))
    return out


def rendered(template: str, content: dict[str, Any]) -> str:
    """One of the templates of this folder, filled."""
    read = lambda name: files("forethought.reports").joinpath(name).read_text(encoding="utf-8")  # noqa: E731
    environment = Environment(
        loader=FunctionLoader(read), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["sign"] = lambda mark: SIGNS.get(str(mark), "?")
    environment.filters["percent"] = lambda value: percent(float(value)) if isinstance(value, int | float) else "-"
    return environment.get_template(template).render(**content)


def content(runs: Sequence[RunFound]) -> dict[str, Any]:
    """Everything that the page says."""
    arms = [run.label for run in runs]
    records = list(dict.fromkeys(record for run in runs for record in run.records))
    rows = headlines(records, arms)
    return {
        "title": _title(runs),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "compared": _compared(runs),
        "summary": in_words(rows, arms) + [told for run in runs if (told := choice_in_words(run.label, run.choices))],
        "caveats": _caveats(runs),
        "notes": [(run.label, run.notes) for run in runs if run.notes],
        "curves": [p for key, name, words in CURVES if (p := figures.curves(runs, key, name, words))],
        "exams": [(run.label, p) for run in runs if (p := figures.exams(run, f"{run.label}. {EXAM_WORDS}"))],
        "probes": tables.probe_tables(records, arms),
        "outcomes": tables.outcome_tables(records, arms),
        "acting": tables.acting_tables(records, arms),
        "habit": tables.acting_tables(records, arms, "policy"),
        "asked": tables.question_tables(records, arms),
        "gate": figures.gate(records, arms, GATE_WORDS),
        "gated": tables.gate_tables(records, arms),
        "horizons": _horizons(records, arms),
        "kinds": tables.kind_table(runs),
        "choices": _beside(runs, lambda run: run.choices, _choice_key),
        "examples": _beside(runs, lambda run: run.examples, _example_key)[:SHOWN_EXAMPLES],
        "made": [_made(run) for run in runs],
        "differing": _differing(runs),
    }


def _title(runs: Sequence[RunFound]) -> str:
    return f"{' and '.join(run.label for run in runs)} in {', '.join(_worlds(runs)) or 'unknown worlds'}"


def _worlds(runs: Sequence[RunFound]) -> list[str]:
    return list(dict.fromkeys(str(w) for run in runs for w in run.config.get("worlds") or ()))


def _compared(runs: Sequence[RunFound]) -> str:
    """What was compared, and whether it was a fair comparison, in a sentence or two."""
    first = runs[0]
    what = f"a {first.config.get('model', 'model')} model, level {first.config.get('level', '?')}"
    if len(runs) == 1:
        return f"One run: {what}, {_amount(first.tokens)} training tokens, seed {first.config.get('seed', '?')}."
    parts = {
        "parameters": [run.summary.get("parameters") for run in runs],
        "training tokens": [run.config.get("budget_tokens") for run in runs],
        "seed": [run.config.get("seed") for run in runs],
    }
    same = [
        f"{name} ({_amount(values[0])})"
        for name, values in parts.items()
        if values[0] is not None and len(set(values)) == 1
    ]
    other = [name for name, values in parts.items() if len({v for v in values if v is not None}) > 1]
    told = f"{len(runs)} runs of {what}"
    told += f", with the same {', '.join(same)}." if same else "."
    return told + (f" They differ in {', '.join(other)}, so this is not a matched comparison." if other else "")


def _amount(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _caveats(runs: Sequence[RunFound]) -> list[str]:
    """What a reader should not conclude."""
    told = []
    if len({run.config.get("arm") for run in runs}) == len(runs) > 1:
        told.append(
            "One run for each way of training: the intervals say how much chance there is in what was asked, not in "
            "what another seed would have learned."
        )
    if any(not run.finished for run in runs):
        told.append("Not every run is finished; its numbers will change.")
    return told


def _horizons(records: Sequence[Any], arms: Sequence[str]) -> list[tuple[str, figures.Picture]]:
    """A plot for each world and place with errors by horizon."""
    here = [r for r in records if r.metric.startswith("horizon/")]
    found = []
    for world, split, axis in tables.ordered((r.world, r.split, r.axis) for r in here):
        name = f"{world}, {tables.where(split, axis, here)}"
        mine = [r for r in here if (r.world, r.split, r.axis) == (world, split, axis)]
        plot = figures.horizon(mine, arms, f"{name}. {HORIZON_WORDS}")
        if plot:
            found.append((name, plot))
    return found


def _beside(
    runs: Sequence[RunFound], told: Callable[[RunFound], list[dict[str, Any]]], key: Callable[[dict[str, Any]], str]
) -> list[dict[str, Any]]:
    """The same question to several runs as one entry with an answer of each; entries that lack parts are left out."""
    entries: dict[str, dict[str, Any]] = {}
    for run in runs:
        for found in told(run):
            try:
                entry = entries.setdefault(key(found), {"question": found, "answers": []})
            except (KeyError, TypeError, IndexError):
                run.notes.append("A worked example lacks parts and was left out.")
                continue
            entry["answers"].append((run.label, found))
    return list(entries.values())


def _choice_key(choice: dict[str, Any]) -> str:
    for way in choice["ways"]:
        _check(way, "name", "promise", "works")
        for step in way["steps"]:
            _check_foreseen(step)
    _check(choice, "chosen", "best", "right_reason")
    return json.dumps([choice["title"], choice["desire"], choice["observation"]])


def _example_key(example: dict[str, Any]) -> str:
    _check(example, "right")
    asked = []
    for side in example["sides"]:
        _check(side, "right")
        _check_foreseen(side["foreseen"])
        lived = [(step["action"], step["change"]) for step in side["history"]]
        asked.append([side["desire"], side["observation"], lived, side["foreseen"]["action"]])
    return json.dumps([example["world"], example["split"], example["axis"], example["probe"], asked])


def _check_foreseen(step: dict[str, Any]) -> None:
    _check(step, "action", "imagined_progress", "imagined_harm", "progress", "harm", "right")
    for part in step["difference"]:
        _check(part, "mark", "sentence")


def _check(found: dict[str, Any], *names: str) -> None:
    for name in names:
        found[name]


def _made(run: RunFound) -> dict[str, Any]:
    """How a run was made, as far as it is known."""
    summary = run.summary
    versions = summary.get("versions") if isinstance(summary.get("versions"), dict) else {}
    rows = [
        ("folder", str(run.folder)),
        ("command", summary.get("command")),
        ("commit", summary.get("commit")),
        ("versions", ", ".join(f"{name} {version}" for name, version in (versions or {}).items())),
        ("machine", summary.get("machine")),
        ("parameters", summary.get("parameters")),
        ("training tokens", run.tokens),
        ("updates", summary.get("updates")),
        ("steps lived", summary.get("steps")),
    ]
    return {
        "label": run.label,
        "rows": [(name, _amount(value)) for name, value in rows if value not in (None, "")],
        "config": json.dumps(run.config, indent=2, ensure_ascii=False),
    }


def _differing(runs: Sequence[RunFound]) -> list[tuple[str, list[str]]]:
    """The settings in which the runs differ, with each run's value."""
    names = list(dict.fromkeys(name for run in runs for name in run.config))
    told = [(name, [json.dumps(run.config.get(name), ensure_ascii=False) for run in runs]) for name in names]
    return [(name, values) for name, values in told if len(set(values)) > 1]
