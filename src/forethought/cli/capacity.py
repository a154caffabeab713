"""``forethought capacity``: how many parameters each arm needs to generalise, on a grid of worlds, sizes and seeds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console

from forethought.cli.grid import CapacityOptions, Grid
from forethought.cli.options import parse
from forethought.cli.sweep import carry_out, print_json, tell_end

if TYPE_CHECKING:
    from forethought.evaluation.capacity import Capacity

DESCRIPTION = (
    "Trains models of several sizes in every way of training named, and says how many parameters each needs to foresee "
    "what it never met: what is memorised, what is extrapolated, and the parameter ratio at equal generalisation. The "
    "same command again goes on."
)

HEADINGS = {"as in training": "trained", "in distribution": "new", "held-out pair probes": "pairs"}
"""What is too long for a terminal."""


def run(arguments: Sequence[str]) -> int:
    """Plans, trains, measures, concludes and reports."""
    from forethought.evaluation.capacity import RESULT_FILE
    from forethought.reports import write_capacity

    options = parse(CapacityOptions, arguments, "capacity", DESCRIPTION)
    console = Console(stderr=options.json, highlight=False)
    grid = Grid(options, console)
    if options.dry_run:
        grid.cost()
        return 0
    command = shlex.join(["forethought", "capacity", *arguments])
    found = carry_out(grid, command, write_capacity, console)
    if found is None:
        return 130
    if options.json:
        print_json(grid.folder / RESULT_FILE)
    else:
        from forethought.cli.measure import plain_table
        from forethought.reports.capacity import split_seeds

        for world in found.worlds:
            console.print(plain_table(_rows(found, world)), "")
        claims = [each.words for each in found.checkpoints()] + [each.words for each in found.claims()]
        for line in [*found.verdicts, *split_seeds(found.to_dict()["runs"]), *claims]:
            console.print(line, soft_wrap=True)
    return tell_end(grid.folder, RESULT_FILE, found.missing, console)


def _rows(found: Capacity, world: str) -> list[list[str]]:
    """Headings and rows of a world: the means of the last models' figures, cell by cell."""
    from forethought.evaluation.shares import FIGURES
    from forethought.reports.figures import short
    from forethought.reports.headlines import percent

    rows = [[world, "size", "seeds", *(HEADINGS.get(figure, figure) for figure in FIGURES)]]
    for arm in found.arms:
        for size, parameters in found.sizes(world):
            values = [list(found.by_seed(world, size, arm, f"final/{figure}").values()) for figure in FIGURES]
            if any(values):
                told = [percent(fmean(of_seed)) if of_seed else "-" for of_seed in values]
                label = f"{size} ({short(float(f'{parameters:.2g}'))})"
                rows.append([arm, label, str(max(map(len, values))), *told])
    return rows
