"""The quickstart on one page: two equal models, one taught by demonstrations and one by its own actions, compared.

    python examples/quickstart.py

It works in the folder of ``forethought quickstart``, so each goes on where the other one stopped; that command trains
both arms at the same time and draws a live display. ``FORETHOUGHT_FAST=1`` makes everything as small as it can be.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch starts: threads that spin while they wait are slow
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from dataclasses import asdict
from pathlib import Path

from forethought import Model, evaluate, storage, train
from forethought.config import Arm
from forethought.evaluation import Record, act, car_wash_and_letter, car_wash_pairs, load_results, worked_examples
from forethought.reports import write_report
from forethought.reports.headlines import BLIND, headlines
from forethought.training import Moment, Run
from forethought.training.recipes import fast, quickstart

FOLDER = Path("runs/quickstart")
ARMS: tuple[Arm, ...] = ("imitation", "developmental")
PAIRS, EPISODES, AXES = (4, 2, ("", "near_driven")) if fast() else (60, 12, None)


def tell(moment: Moment) -> None:
    """A line every 50 updates."""
    if moment.update % 50 == 0 or moment.tokens >= moment.budget:
        rate = moment.fresh_tokens / max(moment.seconds, 1e-9)
        print(
            f"{moment.arm}: {moment.stage}, {moment.tokens:,} of {moment.budget:,} tokens, {rate:,.0f} a second, "
            f"{moment.outcome_nll:.3f} nats per outcome token"
        )


def measure(run: Run) -> list[Record]:
    """What the run's model foresees and achieves in held-out situations; kept in the run's folder for the report."""
    model = Model.from_pretrained(run.model)
    records = [
        *evaluate(model, axes=AXES, n=PAIRS, arm=run.config.arm),
        *car_wash_pairs(model, n=PAIRS, arm=run.config.arm),
        *act(model, axes=AXES, n=EPISODES, arm=run.config.arm),
    ]
    shown = {
        "choices": [asdict(choice) for choice in car_wash_and_letter(model)],
        "examples": [asdict(example) for example in worked_examples(model, n=4)],
    }
    storage.write_json(run.folder / "examples.json", shown)
    storage.write_json(run.folder / "summary.json", {**run.summary, "records": [r.to_dict() for r in records]})
    return records


def main() -> None:
    """Trains what is not trained yet, measures both arms, writes the report, prints the table."""
    records: list[Record] = []
    for arm in ARMS:
        run = train(folder=FOLDER / arm, config=quickstart(arm), watch=tell, command="python examples/quickstart.py")
        records += load_results(run.folder / "summary.json") or measure(run)
    print(f"\n{'':58}" + "".join(f"{name:>20}" for name in (*ARMS, BLIND)))
    for row in headlines(records, ARMS):
        print(f"{row.title:58}" + "".join(f"{row.shares[name] or '-'!s:>20}" for name in (*ARMS, BLIND)))
    print(f"\nReport: {write_report([FOLDER / arm for arm in ARMS], FOLDER / 'report.html').resolve()}")


if __name__ == "__main__":
    main()
