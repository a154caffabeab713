"""``forethought worlds``: what there is to live in, whether it keeps its promises, and how it looks."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.table import Table

from forethought.cli.options import about
from forethought.worlds import ADAPTED, BUILT_IN, World, world_class

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(help="a built-in world, or your own as module:Class")]
Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class WorldOptions:
    """Which world, and which of its situations."""

    world: Annotated[str, tyro.conf.Positional, about("a built-in world, or your own as module:Class")]
    level: Annotated[int, about("how hard the situations are")] = 1
    split: Annotated[Split, about("which situations")] = "test"
    axis: Annotated[str, about("a held-out axis of the split")] = ""

    def found(self) -> World:
        """The world itself."""
        return world_class(self.world)(level=self.level, split=self.split, axis=self.axis)


def run(arguments: Sequence[str]) -> int:
    """Lists, checks or demonstrates worlds; without arguments it lists them."""
    code: int = tyro.extras.subcommand_cli_from_dict(
        {"list": list_worlds, "check": check, "demo": demo, "card": card},
        args=list(arguments) or ["list"],
        prog="forethought worlds",
        description="Lists the worlds, checks one against the protocol, shows an episode of one, or writes its card.",
        sort_subcommands=False,
    )
    return code


def list_worlds() -> int:
    """What worlds there are, their levels and their held-out axes."""
    table = Table(box=None, padding=(0, 1))
    for heading in ("world", "levels", "what it is about", "held-out axes"):
        table.add_column(heading)
    for name in (*BUILT_IN, *ADAPTED):
        cls = world_class(name)
        table.add_row(name, f"{cls.levels.start}-{cls.levels.stop - 1}", cls.summary, ", ".join(cls.axes))
    Console().print(table)
    return 0


def check(name: Name, level: int = 1, episodes: int = 20, seed: int = 0) -> int:
    """Checks everything that the world protocol promises; 1 if something is wrong.

    Args:
        name: a built-in world, or your own as module:Class
        level: how hard its situations are
        episodes: how many episodes to play
        seed: the first situation
    """
    from forethought.worlds.check import check_world

    cls = world_class(name)
    report = check_world(lambda: cls(level=level), episodes=episodes, seed=seed)
    print(report)
    return 0 if report.ok else 1


def demo(
    name: Name,
    level: int = 1,
    seed: int = 0,
    split: Split = "train",
    axis: str = "",
    policy: Literal["custom", "best", "random"] = "custom",
) -> int:
    """Shows one episode: what is wished, seen, done and caused.

    Args:
        name: a built-in world, or your own as module:Class
        level: how hard its situations are
        seed: which situation
        split: train, validation or test
        axis: a held-out axis of the split
        policy: who acts: custom and best are demonstrators, random takes any candidate
    """
    world = world_class(name)(level=level, split=split, axis=axis)
    observation, info = world.reset(seed=seed)
    act = chooser(world, policy, seed)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]desire[/]    {safe(str(info.get('desire', '')))}")
    console.print(f"[bold]observed[/]  {safe(observation)}")
    over = False
    while not over:
        action = act()
        _, _, terminated, truncated, info = world.step(action)
        over = terminated or truncated
        console.print(f"\n[bold]action[/]    {safe(action)}")
        console.print(f"[bold]change[/]    {safe(str(info.get('warning') or info.get('change', '')))}")
        console.print(f"[bold]verdicts[/]  {verdicts(info)}")
    return 0


def card(name: Name, level: int = 1, episodes: int = 100, output: Path | None = None) -> int:
    """Prints a page about a world: what it teaches, an episode, its axes and probes, how hard it is and how fast.

    Args:
        name: a built-in world, or your own as module:Class
        level: how hard its situations are
        episodes: how many episodes each score is taken over
        output: the Markdown file to write instead
    """
    from forethought import storage
    from forethought.worlds.card import card

    text = card(name, level=level, episodes=episodes)
    if output is None:
        print(text, end="")
    else:
        storage.write_text(output, text)
        print(f"Card: {os.fspath(output)}")
    return 0


def chooser(world: World, policy: str, seed: int) -> Callable[[], str]:
    """Who acts in a demonstration."""
    if policy != "random":
        return world.demonstrator(policy)
    rng = random.Random(seed)
    return lambda: rng.choice(world.candidates())


def verdicts(info: dict[str, object]) -> str:
    """Progress, harm and cost of a step, in words."""
    cost = info.get("cost") or ()
    assert isinstance(cost, tuple)
    spent = ", ".join(f"{amount:g} {unit}" for unit, amount in cost)
    return f"{info.get('progress', 'ongoing')}, harm: {info.get('harm', 'none')}" + (
        f", cost: {spent}" if spent else ""
    )


def safe(text: str) -> str:
    """A world's text for the terminal: no markup, no control characters."""
    return "".join(c for c in text if c.isprintable() or c == "\n").replace("[", r"\[")
