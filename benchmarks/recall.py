"""Associative recall while predicting: does looking up similar past experiences help, where and from which world?

    python benchmarks/recall.py RUN_FOLDER [RUN_FOLDER ...]

At every token of an outcome the model's hidden state is compared with those of outcomes that it lived through in
training, by latent distance and never by words; what followed the nearest ones is mixed into its own prediction (after
Khandelwal et al. 2020, arXiv:1911.00172). How much is mixed in (the share) is chosen on validation transitions for each
place and memory; the memories are the run's own experience of the ``same`` world, of the ``other`` worlds (transfer) or
of ``all``. Measured on test transitions: nats per outcome token and the share of outcomes whose every token is the
likeliest (what greedy imagination writes). One run folder is one seed; values are means over seeds with t intervals, or
one seed's with a bootstrap interval.
"""

from __future__ import annotations

import argparse
import random
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from forethought.cli.options import load_model, model_folder
from forethought.evaluation import Record, pool, save_results
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.transitions import transitions
from forethought.experience import ExperienceStore
from forethought.models import Model
from forethought.transcript import Role, Tokens

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "recall.json"
WORLDS = ("errand", "cliff", "street")
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
NEIGHBOURS, ROWS = 16, 64


def main() -> None:
    """Measures every run and pools them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="finished runs, one for each seed")
    parser.add_argument("--episodes", type=int, default=1500, help="remembered of each world")
    parser.add_argument("--n", type=int, default=200, help="transitions in each place")
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    records = pool(record for run in args.runs for record in measure(run, args.episodes, args.n))
    save_results(args.output, records, shlex.join(["python", *sys.argv]))
    for row in records:
        where = f"{row.world:8} {row.axis or '-':12} {row.arm:6} {row.metric:14}"
        print(f"{where} {row.value:7.4f} ({row.low:.4f} to {row.high:.4f}) seeds {row.seeds}")


@dataclass(frozen=True)
class Told:
    """Outcome tokens: the hidden states before them (N, W), the tokens (N), their log-probabilities (N, V) where they
    are asked for, and to which outcome each belongs (N).
    """

    hidden_NW: Tensor
    token_N: Tensor
    log_NV: Tensor
    outcome_N: Tensor


def measure(run: Path, episodes: int, n: int) -> Iterator[Record]:
    """One run's records."""
    model = load_model(model_folder(run)[0])
    model.lm.eval()
    memories = remembered(model, run, episodes)
    for place in places(WORLDS, 1, "test", None):
        if place.axis not in ("", "combination", "near_driven", "terrain"):
            continue
        asked = {split: outcomes_of(model, asked_in(model, place, split, n)) for split in ("validation", "test")}
        others = torch.cat([k for world, (k, _) in memories.items() if world != place.world])
        other_tokens = torch.cat([t for world, (_, t) in memories.items() if world != place.world])
        own, own_tokens = memories[place.world]
        kept = {
            "same": (own, own_tokens),
            "other": (others, other_tokens),
            "all": (torch.cat([own, others]), torch.cat([own_tokens, other_tokens])),
        }
        yield from scored(place, "none", asked["test"], asked["test"].log_NV)
        for name, memory in kept.items():
            found = {split: recalled(told, *memory) for split, told in asked.items()}
            share = best_share(asked["validation"], found["validation"])
            yield from scored(place, name, asked["test"], mixed(asked["test"], found["test"], share))
            yield from place.record(name, "share", [share], 0)


def remembered(model: Model, run: Path, episodes: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Of each world the hidden states before the outcome tokens of some lived episodes, and the tokens."""
    lived: dict[str, list[Tokens]] = {world: [] for world in WORLDS}
    for episode in ExperienceStore(run / "episodes").episodes():
        lived[episode.world].append(model.transcript.episode(episode))
    found = {}
    for world, texts in lived.items():
        told = outcomes_of(model, random.Random(0).sample(texts, min(episodes, len(texts))), logs=False)
        found[world] = (told.hidden_NW, told.token_N)
    return found


def asked_in(model: Model, place: Place, split: str, n: int) -> list[Tokens]:
    """Transitions of a place as transcripts whose last outcome is asked for."""
    drawn = transitions(place.world, place.level, split, place.axis, n)
    write = model.transcript
    return [write.so_far(t.desire, t.observation, (*t.history, t.step)) for t in drawn]


@torch.inference_mode()
def outcomes_of(model: Model, texts: Sequence[Tokens], logs: bool = True) -> Told:
    """The outcome tokens of transcripts: of the last outcome where ``logs`` are asked for, else of all."""
    hidden, tokens, outcomes = [], [], []
    for start in range(0, len(texts), ROWS):
        part = texts[start : start + ROWS]
        hidden_RTW, _ = model.hidden(part)
        for r, text in enumerate(part):
            at = [i for i, role in enumerate(text.roles) if role == Role.OUTCOME]
            if logs:
                last = max((k for k in range(1, len(at)) if at[k] != at[k - 1] + 1), default=0)
                at = at[last:]
            hidden.append(hidden_RTW[r, torch.tensor(at) - 1])
            tokens.append(torch.tensor([text.ids[i] for i in at]))
            outcomes.append(torch.full((len(at),), start + r))
    hidden_NW = torch.cat(hidden)
    head = model.lm.get_output_embeddings()
    log_NV = head(hidden_NW.to(head.weight.dtype)).float().log_softmax(-1) if logs else torch.empty(0)
    return Told(hidden_NW, torch.cat(tokens), log_NV, torch.cat(outcomes))


@torch.inference_mode()
def recalled(told: Told, keys_MW: Tensor, tokens_M: Tensor) -> Tensor:
    """What followed the nearest remembered states, weighed by their distance, as probabilities (N, V)."""
    found_NV = torch.zeros_like(told.log_NV)
    for start in range(0, len(told.hidden_NW), 256):
        rows = slice(start, start + 256)
        distance_NM = torch.cdist(told.hidden_NW[rows], keys_MW)
        near_NK, which_NK = distance_NM.topk(NEIGHBOURS, largest=False)
        square_NK = near_NK.square()
        weight_NK = (-square_NK / square_NK.mean(1, keepdim=True).clamp(min=1e-6)).softmax(-1)
        found_NV[rows].scatter_add_(1, tokens_M[which_NK], weight_NK)
    return found_NV


def mixed(told: Told, recalled_NV: Tensor, share: float) -> Tensor:
    """The model's log-probabilities with a share of what was recalled."""
    return ((1 - share) * told.log_NV.exp() + share * recalled_NV).clamp(min=1e-9).log()


def best_share(told: Told, recalled_NV: Tensor) -> float:
    """The share of what is recalled with the fewest nats per token."""
    target_N1 = told.token_N[:, None]
    return min(SHARES, key=lambda share: float(-mixed(told, recalled_NV, share).gather(1, target_N1).mean()))


def scored(place: Place, arm: str, told: Told, log_NV: Tensor) -> Iterator[Record]:
    """The records of one memory: nats per token of each outcome, and whether all of its tokens are the likeliest."""
    nll_N = -log_NV.gather(1, told.token_N[:, None])[:, 0]
    right_N = log_NV.argmax(-1) == told.token_N
    of = [told.outcome_N == k for k in sorted(set(told.outcome_N.tolist()))]
    yield from place.record(arm, "nats", [float(nll_N[mine].mean()) for mine in of], 0)
    yield from place.record(arm, "exact", [bool(right_N[mine].all()) for mine in of], 0)


if __name__ == "__main__":
    main()
