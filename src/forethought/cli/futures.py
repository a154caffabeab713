"""What was imagined of an action, and of what could follow it: as a tree for people, as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.tree import Tree

from forethought.cli.worlds import safe

if TYPE_CHECKING:
    from forethought.planning import Option

FOLLOWED = 2
"""Actions shown after each imagined one, and how many steps of them."""


def option_as_json(option: Option) -> dict[str, Any]:
    """An option, what is imagined of it, and the best that is imagined after it."""
    future = option.imagined
    names = ("satisfied", "failed", "harmed", "cost", "reach", "disagreement", "text")
    return {
        "action": option.action,
        "value": option.value,
        "prospect": option.prospect,
        **{name: getattr(future, name) for name in names},
        "path": [after.action for after in option.path[1:]],
    }


def grow(tree: Tree, option: Option, depth: int = FOLLOWED, chosen: bool = False) -> None:
    """Adds an option to a tree, with what could follow it."""
    future = option.imagined
    parts = [f"value {option.value:+.2f}", f"satisfied {future.satisfied:.0%}", f"harmed {future.harmed:.0%}"]
    if future.cost:
        parts.append(f"cost {future.cost:.1f}")
    if future.reach is not None:
        parts.append(f"reach {future.reach:.2f}")
    action = f"[bold green]{safe(option.action)}[/]" if chosen else safe(option.action)
    branch = tree.add(f"{action} [dim]({', '.join(parts)})[/]{' ' + safe(future.text) if future.text else ''}")
    if depth:
        for after in option.next[:FOLLOWED]:
            grow(branch, after, depth - 1)
