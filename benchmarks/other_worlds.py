"""Other people's worlds: does a model trained on its own actions foresee changes that it never met?

    python benchmarks/other_worlds.py --folder /somewhere      # with the extras textworld and agentdojo, and Java

For each world and arm a model from scratch is trained with the same weights at the start and the same tokens; the
budget is what the developmental arm learns from in about 30 minutes of one core. Then it is asked for what changes in
situations of the test split, in distribution and on each held-out axis: nats per outcome token (teacher-forced) of the
``n`` transitions in which something changes, the share of these that are foreseen word for word (verdicts included),
and the F1 of their sentences. In AgentDojo, which lists no actions, an untrained model's own are all malformed: there
the developmental arm begins with imitation, and random behaviour has nothing to show. The same command again goes on.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from forethought import storage
from forethought.cli.options import load_model
from forethought.evaluation import Record, load_results, pool, save_results
from forethought.evaluation.foresight import said, score
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.transitions import Transition, transitions
from forethought.models import Model
from forethought.models.foresight import predict
from forethought.types import NOTHING

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "other_worlds.json"
COMMON = {"model": "tiny", "first_episodes": 60, "live_episodes": 10, "live_every": 5, "commit_rate": 0.0}
COMMON |= {"practice_share": 0.0, "largest_share": 4.0, "checkpoint_updates": 50}
SETTINGS: dict[str, dict[str, Any]] = {
    "twx-cookingworld": {**COMMON, "batch_steps": 12, "budget_tokens": 4_000_000},
    "agentdojo": {**COMMON, "batch_steps": 4, "budget_tokens": 4_000_000, "live_episodes": 3, "live_every": 20},
}
ARMS = {
    "twx-cookingworld": ("developmental", "imitation", "static-random", "static-mixed"),
    "agentdojo": ("imitation-then-developmental", "imitation"),
}
CHANGED = "changed"


def main() -> None:
    """Trains what is not trained, measures, and pools."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the runs lie")
    parser.add_argument("--worlds", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--n", type=int, default=200, help="transitions in each place")
    parser.add_argument("--budget-tokens", type=int, help="another budget than the one above")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    parser.add_argument("--collect", action="store_true", help="only pool what has been measured")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, args.n)
        return
    jobs = [(world, arm, seed) for seed in args.seeds for world in args.worlds for arm in ARMS[world]]
    if not args.collect:
        with ThreadPoolExecutor(args.at_once) as workers:
            for done in [workers.submit(one_run, args, *job) for job in jobs]:
                done.result()
    folders = [folder for job in jobs if ((folder := run_folder(args, *job)) / "measured.json").exists()]
    records = pool(record for folder in folders for record in load_results(folder / "measured.json"))
    took = {folder.name: storage.read_json(folder / "cpu.json") for folder in folders}
    configs = {folder.name: storage.read_json(folder / "config.json") for folder in folders}
    save_results(args.output, records, shlex.join(["python", *sys.argv]), {"took": took, "runs": configs})
    for record in records:
        where = f"{record.arm:28} {record.world:16} {record.axis or '-':12} {record.metric:16}"
        print(f"{where} {record.value:7.3f} ({record.low:.3f} to {record.high:.3f}) seeds {record.seeds}")


def run_folder(args: argparse.Namespace, world: str, arm: str, seed: int) -> Path:
    """Where a run lies."""
    return Path(args.folder) / f"{world}-{arm}-{seed}"


def one_run(args: argparse.Namespace, world: str, arm: str, seed: int) -> None:
    """Trains one model, or goes on training it, and measures it; processor time is kept beside it."""
    folder = run_folder(args, world, arm, seed)
    if (folder / "measured.json").exists():
        return
    settings = {**SETTINGS[world], "worlds": world, "arm": arm, "seed": seed, "folder": folder}
    if args.budget_tokens:
        settings["budget_tokens"] = args.budget_tokens
    command = [sys.executable, "-m", "forethought", "train", "--no-evaluate", "--quiet"]
    command += [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{folder.name} ended with code {os.waitstatus_to_exitcode(status)}; the same command goes on")
    if not (folder / "cpu.json").exists():
        storage.write_json(folder / "cpu.json", {"processor_minutes": (used.ru_utime + used.ru_stime) / 60})
    more = ["--measure", str(folder), "--folder", str(args.folder), "--n", str(args.n)]
    subprocess.run([sys.executable, __file__, *more], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
    print(f"{folder.name}: measured", flush=True)


def measure(folder: Path, n: int) -> None:
    """What a trained model foresees of changes."""
    torch.set_num_threads(1)
    config = storage.read_json(folder / "config.json")
    model = load_model(folder / "model")
    model.lm.eval()
    (world,) = config["worlds"]
    records = [r for place in places(world, 1, "test", None) for r in foreseen(model, place, config["arm"], n)]
    save_results(folder / "measured.json", records, shlex.join(["python", *sys.argv]))


def foreseen(model: Model, place: Place, arm: str, n: int) -> Iterator[Record]:
    """The records of one place."""
    drawn = transitions(place.world, place.level, place.split, place.axis, n)
    asked = [question for question in drawn if question.step.change not in ("", NOTHING)]
    world, target = place.make(), model.transcript.target
    scores = [score(world, said(found), q.step, target) for found, q in zip(predict(model, asked), asked, strict=True)]
    values = {
        "nats": [nats(model, question) for question in asked],
        "exact": [float(found.text and found.verdicts) for found in scores],
        "sentences_f1": [found.f1 for found in scores],
    }
    for metric, these in values.items():
        yield from place.record(arm, f"{CHANGED}/{metric}", these)


@torch.inference_mode()
def nats(model: Model, question: Transition) -> float:
    """Mean nats per token of an outcome that happened."""
    before = model.transcript.history(question.desire, question.observation, question.history, question.step.action)
    after = model.transcript.outcome(question.step)
    ids_T = torch.tensor([*before.ids, *after.ids])[: len(before) + len(after.ids)]
    logs_TV = model.lm(input_ids=ids_T[None], use_cache=False).logits[0, :-1].float().log_softmax(-1)
    told = slice(len(before) - 1, len(before) - 1 + sum(role == after.roles[0] for role in after.roles))
    return float(-logs_TV[told].gather(1, ids_T[1:][told, None]).mean())


if __name__ == "__main__":
    main()
