"""``forethought ask``: a question about what to do, answered by what each way is imagined to cause."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.tree import Tree

from forethought.cli.futures import grow, option_as_json
from forethought.cli.options import about, load_model, model_folder, parse
from forethought.cli.worlds import safe

if TYPE_CHECKING:
    from forethought.asking import Answer
    from forethought.models import Model

DESCRIPTION = (
    "Answers a question such as 'I need to get my car washed and the car wash is 300 feet away. Should I walk or "
    "drive?' The model itself makes a situation of the question, imagines what each way would cause, and says which "
    "consequence decides. 0: answered, 1: outside what it has learned."
)


@dataclass(frozen=True)
class AskOptions:
    """What is asked, and who answers."""

    question: Annotated[str, tyro.conf.Positional, about("the question, in quotes")]
    model: Annotated[Path | None, about("who answers (default: the quickstart's)", "FOLDER")] = None
    horizon: Annotated[int, about("steps ahead that are imagined")] = 3
    json: Annotated[bool, about("print one object instead of the tree")] = False


def run(arguments: Sequence[str]) -> int:
    """Answers one question; 1 if it is outside what the model has learned."""
    options = parse(AskOptions, arguments, "ask", DESCRIPTION)
    console = Console(highlight=False, stderr=options.json)
    folder, said = model_folder(options.model)
    if said:
        console.print(said)
    from forethought.asking import answer
    from forethought.planning import Planner

    model = load_model(folder)
    found = answer(model, options.question, Planner(horizon=options.horizon))
    if options.json:
        print(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        _show(console, model, found)
    return 0 if found.options else 1


def _as_json(found: Answer) -> dict[str, object]:
    heard = found.heard
    return {
        "question": found.question,
        "understood": bool(found.options),
        "confidence": heard.confidence,
        "desire": heard.desire,
        "observation": heard.observation,
        "choice": found.choice,
        "hopeful": found.hopeful,
        "imagined": [option_as_json(option) for option in found.options],
        "reason": found.reason,
    }


def _show(console: Console, model: Model, found: Answer) -> None:
    heard = found.heard
    if not found.options:
        taken = f" The nearest that I know: {safe(heard.desire)}" if heard.desire else ""
        sure = f"I am {heard.confidence:.0%} sure of what is asked, and answer from {model.sure or 0:.0%} on."
        console.print(f"[bold]I cannot say:[/] this is outside what I have learned. {sure}{taken}")
        return
    console.print(f"[bold]Understood:[/] {safe(heard.desire)} {safe(heard.observation)}")
    tree = Tree("imagined")
    for option in found.options:
        grow(tree, option, chosen=option is found.options[0])
    console.print(tree)
    if not found.hopeful:
        console.print("[yellow]Nothing that I can imagine brings what you want; this is the closest.[/]")
    console.print(f"[bold]Answer:[/] {safe(found.choice)}.\n[bold]Because:[/] {safe(found.reason)}")
