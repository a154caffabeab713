"""Small readers, trained by one recipe on short generated conversations, for the recall suite.

    python benchmarks/recall_readers.py --folder FOLDER [--kinds llama mamba2 ...] [--updates N]

The recipe, the same for each kind: a few people and things, so that lines differ in what matters; questions about
half of what is told, so that none can be answered by leaving out what was asked already; the loss on the answers alone;
first one fact (its value is copied), then more (they are told apart), then every task; Muon and AdamW. A Llama begins
with heads that look near, as a Mamba does with its convolution, and at what is alike.

FOLDER/KIND/model is a Hugging Face model with its tokenizer; ``forethought eval recall --model`` reads it. It is kept
every two minutes, and whoever calls again goes on from there. What was right, task by task, is in ``exams.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    JambaConfig,
    LlamaConfig,
    Mamba2Config,
    MambaConfig,
    RwkvConfig,
)

from forethought import storage
from forethought.evaluation.recall import wordings
from forethought.evaluation.recall.conversation import SPEAKERS, Spoken, converse
from forethought.evaluation.recall.prompt import asking, passage, said
from forethought.evaluation.recall.tasks import TASKS, Draw, Key, Need
from forethought.evaluation.recall.words import THINGS, names, tokens
from forethought.models.scan import enable_stateful_scan
from forethought.models.tokenizer import train_tokenizer
from forethought.training.checkpoint import load_newest, save_checkpoint
from forethought.training.optimizer import Optimizer

KINDS = ("llama", "mamba2", "mamba", "jamba", "rwkv")
WIDTH, LAYERS, VOCABULARY = 64, 2, 2048
MATRICES, OTHERS, DECAY = 0.01, 3e-3, 0.01
UPDATES, TOKENS, WARM, CALM = 6_000, 2500, 50, 0.4
"""Updates of about so many tokens; the rates rise over ``WARM`` updates and fall over the last share of ``CALM``."""
EVERY_S, EXAM = 120, 250
NEAR, ALIKE = 2.0, 4.0
LONGEST = 240
"""Tokens of the longest passage."""
ALL = ("needle", "abstain", "update", "multi-value", "two-hop", "order")
LEVELS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ALL[:1]), (2, ALL[:1]), (3, ALL[:1]), (4, ALL[:1]), (8, ALL[:1]), (6, ALL[:2]), (3, ALL), (6, ALL), (9, ALL),
)  # fmt: skip
"""How much is told in a conversation, and which tasks."""
MASTERED = 0.8
"""Share of a level's answers that must be right before the next."""


@dataclass
class Course:
    """Where the training stands."""

    update: int = 0
    level: int = 0
    right: float = 0.0
    seconds: float = 0.0


def main() -> None:
    """Trains the readers one after another."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=KINDS[:2], choices=KINDS)
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for kind in args.kinds:
        with storage.lock(args.folder / kind):
            train(kind, args.folder / kind, args.updates)


def reader(kind: str, vocabulary: int, special: dict[str, Any]) -> Any:
    """An untrained reader, about 0.2 million parameters."""
    common: dict[str, Any] = {
        "vocab_size": vocabulary, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "tie_word_embeddings": True,
        "initializer_range": 0.02 if kind == "llama" else WIDTH**-0.5, **special,
    }  # fmt: skip
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 2 * WIDTH}
    configs: dict[str, Any] = {
        "llama": lambda: LlamaConfig(
            **common, **heads, attention_bias=True, max_position_embeddings=131_072,
            rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        ),
        "mamba2": lambda: Mamba2Config(
            **common, num_heads=WIDTH // 16, head_dim=32, n_groups=1, state_size=64, chunk_size=16, conv_kernel=12
        ),
        "mamba": lambda: MambaConfig(**common, state_size=16),
        "jamba": lambda: JambaConfig(
            **common, **heads, num_experts=1, num_experts_per_tok=1, attn_layer_period=3, attn_layer_offset=1,
            mamba_d_state=16, mamba_dt_rank=4, use_mamba_kernels=False,
        ),
        "rwkv": lambda: RwkvConfig(**common, attention_hidden_size=WIDTH, context_length=1024),
    }  # fmt: skip
    lm = AutoModelForCausalLM.from_config(configs[kind]())
    if kind == "llama":
        look_near(lm)
    if kind == "mamba2":
        keep_near(lm)
    if kind in ("mamba", "jamba"):
        enable_stateful_scan(lm)
    return lm


def look_near(lm: Any) -> None:
    """Sets a Llama's attention: heads of the first layer look near, those of the second at what is alike."""
    turn_f, heads = lm.model.rotary_emb.inv_freq, lm.config.num_attention_heads
    half, width = len(turn_f), lm.config.hidden_size
    near_f = ((turn_f > 0.03) & (turn_f < 0.35)) * (NEAR * (2 * half) ** 0.5) ** 0.5
    still = (turn_f < 0.005).nonzero().flatten()
    rows = torch.cat([torch.cat([still, still + half]) + 2 * half * head for head in range(heads)])
    with torch.no_grad():
        first, second = (layer.self_attn for layer in lm.model.layers[:2])
        for part in (first.q_proj, first.k_proj):
            part.bias += torch.cat([near_f, torch.zeros(half)]).repeat(heads)
        first.o_proj.weight *= 2
        like = torch.randn(len(rows), width) * (ALIKE * (2 * half) ** 0.5 / (2 * len(still)) / width) ** 0.5
        second.q_proj.weight[rows] = like
        second.k_proj.weight[rows] = like


def keep_near(lm: Any) -> None:
    """The same of a Mamba2: the first layer forgets within a line or so; the second keeps, and reads what is alike."""
    first, second = (layer.mixer for layer in lm.backbone.layers[:2])
    spread_H = torch.linspace(0, 1, first.num_heads)
    inner, size = second.intermediate_size, second.ssm_state_size
    with torch.no_grad():
        for mixer, step_H in ((first, 0.3 * 0.25**spread_H), (second, 0.01 * 0.25**spread_H)):
            mixer.A_log.zero_()
            mixer.dt_bias.copy_(step_H.expm1().log())
        for weight, start in ((second.in_proj.weight, 2 * inner), (second.conv1d.weight, inner)):
            weight[start + size : start + 2 * size] = weight[start : start + size]


class Learning:
    """A reader, and what trains it."""

    def __init__(self, lm: Any) -> None:
        self.lm, self.optimizer = lm, Optimizer(lm, MATRICES, OTHERS, DECAY)
        self.named_parameters = lm.named_parameters


def train(kind: str, folder: Path, updates: int) -> None:
    """Trains one reader, going on from its checkpoint."""
    torch.manual_seed(0)
    there = (folder / "model" / "tokenizer.json").exists()
    tokenizer = AutoTokenizer.from_pretrained(folder / "model") if there else train_tokenizer(texts(), VOCABULARY)
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    learning: Any = Learning(reader(kind, len(tokenizer), special))
    course = Course(**(load_newest(folder, learning) or {}))
    print(
        f"{kind}: {sum(p.numel() for p in learning.lm.parameters()):,} parameters, update {course.update}", flush=True
    )
    started = time.monotonic()
    for update in (bar := tqdm(range(course.update, updates), initial=course.update, total=updates, mininterval=20)):
        rate = min(1.0, (update + 1) / WARM, (updates - update) / (CALM * updates))
        loss = step(learning, tokenizer, course, update, rate)
        bar.set_postfix(level=course.level, loss=f"{loss:.2f}", right=f"{course.right:.2f}", refresh=False)
        last = course.update == updates
        if course.update % EXAM == 0 or last:
            told = {**asdict(course), "loss": loss, "exam": exam(learning.lm, tokenizer)}
            storage.append_line(folder / "exams.jsonl", json.dumps(told))
            print(told, flush=True)
        if time.monotonic() - started > EVERY_S or last:
            course.seconds += time.monotonic() - started
            started = time.monotonic()
            save(folder, kind, learning, tokenizer, course)


def step(learning: Learning, tokenizer: Any, course: Course, update: int, rate: float) -> float:
    """One update; its loss. What is right, and the level, are told to ``course``."""
    rng = random.Random(f"readers/{update}")
    newest = rng.random() < 0.6
    most, tasks = LEVELS[course.level if newest else rng.randint(0, course.level)]
    ids_BT, answer_BT = padded(tokenizer, lessons(rng, most, tasks))
    learning.lm.train()
    loss, right_A = answered(learning.lm, ids_BT, answer_BT)
    learning.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(learning.lm.parameters(), 1.0)
    learning.optimizer.step(rate)
    course.update = update + 1
    if newest:
        course.right = 0.95 * course.right + 0.05 * float(right_A.mean())
    if course.right > MASTERED and course.level + 1 < len(LEVELS):
        course.level, course.right = course.level + 1, 0.0
    return float(loss.detach())


def answered(lm: Any, ids_BT: Tensor, answer_BT: Tensor) -> tuple[Tensor, Tensor]:
    """The loss on the answers, and which (A) are right to the last token."""
    hidden_BTD, which_BT = lm.base_model(ids_BT)[0][:, :-1], answer_BT[:, 1:]
    which_N, target_N = which_BT[which_BT > 0], ids_BT[:, 1:][which_BT > 0]
    logits_NV = lm.get_output_embeddings()(hidden_BTD[which_BT > 0])
    right_A = torch.ones(int(which_N.max()))
    right_A[which_N[logits_NV.argmax(-1) != target_N] - 1] = 0.0
    return F.cross_entropy(logits_NV, target_N), right_A


@torch.no_grad()
def exam(lm: Any, tokenizer: Any, count: int = 20) -> dict[str, float]:
    """What is right on the validation split: ``TASK`` of the evidence alone, ``TASK+`` with lines that mislead."""
    found = {}
    for task, near in product((*ALL, "multi-key"), (0, 2)):
        rows = []
        for seed in range(count):
            talk = converse(40 + 30 * near, [(task, seed / count)], "validation", seed, 0.5, near)
            item = talk.items[0]
            lines = talk.turns if near or not item.answer else [talk.turns[place] for place in item.evidence]
            rows.append((passage(lines), [(item.question, item.answer)]))
        found[f"{task}{'+' if near else ''}"] = round(float(answered(lm.eval(), *padded(tokenizer, rows))[1].mean()), 2)
    return found


# --- what is read ---

Row = tuple[str, list[tuple[str, tuple[str, ...]]]]
"""A passage, and the questions that follow it with their answers."""


class Few(Draw):
    """Draws from a few people and things of the training split, many of them alike."""

    def __init__(self, rng: random.Random, told: int) -> None:
        super().__init__(rng, "train", set(), 0)
        self.people = rng.sample(names("train"), max(1, round(told * rng.choice((0.4, 0.7, 1)))))
        if told > 4:
            self.people += [rng.choice(alike(person)) for person in self.people]
        self.things = rng.sample(THINGS, min(len(THINGS), max(1, round(told * rng.choice((0.4, 0.7, 1))))))

    def key(self, person: str | None = None, thing: str | None = None) -> Key:
        """A person and a thing that nothing was said of."""
        pairs = product([person] if person else self.people, [thing] if thing else self.things)
        free = [key for key in pairs if key not in self.keys]
        if not free:
            return super().key(person, thing)
        self.keys.add(key := self.rng.choice(free))
        return key


@cache
def alike(name: str) -> tuple[str, ...]:
    """The full names that share one of a name's words."""
    return tuple(other for other in names("train") if set(other.split()) & set(name.split()))


def lessons(rng: random.Random, most: int, tasks: tuple[str, ...]) -> list[Row]:
    """Conversations of about ``TOKENS`` tokens together, each with about as much to tell."""
    rows: list[Row] = []
    used, told = 0, rng.randint(most - most // 3, most)
    while used < TOKENS:
        row = lesson(rng, told, tasks)
        if (size := tokens(row[0])) > LONGEST:
            told -= 1
            continue
        rows.append(row)
        used += size + 18 * len(row[1])
    return rows


def facts(rng: random.Random, told: int) -> Row:
    """So many facts, and questions that may ask one of them again in other words."""
    draw = Few(rng, told)
    known = [(draw.own() or draw.key(), draw.value()) for _ in range(told)]
    lines = [Spoken(*line) for key, value in known for line in draw.fact(key, value).lines]
    asked = rng.choices(known, k=told + 1)
    return passage(lines), [(draw.question(key), (value,)) for key, value in asked]


def lesson(rng: random.Random, told: int, tasks: tuple[str, ...]) -> Row:
    """A conversation in which so much is told; what was told first stands first, all else anywhere."""
    if tasks == ALL[:1]:
        return facts(rng, told)
    draw, needs = Few(rng, told), list[Need]()
    placed: list[tuple[float, tuple[tuple[str, str], ...]]] = []
    for _ in range(told):
        draw.near = int(told > 2 and rng.random() < 0.15)
        needs.append(need := TASKS[rng.choice(tasks)](draw))
        ordered = [group for group in need.groups if group.evidence]
        placed += zip(sorted(rng.random() for _ in ordered), [group.lines for group in ordered], strict=True)
        placed += [(rng.random(), group.lines) for group in need.groups if not group.evidence]
    for _ in range(rng.randint(0, (told + 1) // 2)):
        placed.append((rng.random(), ((rng.choice(SPEAKERS), wordings.talk(rng, "train")),)))
    lines = [Spoken(*line) for _, group in sorted(placed) for line in group]
    return passage(lines), [(need.question, need.answer) for need in rng.sample(needs, (told + 1) // 2)]


def padded(tokenizer: Any, rows: list[Row]) -> tuple[Tensor, Tensor]:
    """Ids (B, T), and which answer each token belongs to (0: none)."""
    pieces: list[str] = []
    marks: list[tuple[int, int]] = []
    asked = 0
    for row, (text, questions) in enumerate(rows):
        pieces.append(text)
        marks.append((row, 0))
        for question, answer in questions:
            asked += 1
            pieces += [asking(question), f" {said(answer)}{tokenizer.eos_token}"]
            marks += [(row, 0), (row, asked)]
    ids_BT: list[list[int]] = [[] for _ in rows]
    answers_BT: list[list[int]] = [[] for _ in rows]
    for (row, mark), ids in zip(marks, tokenizer(pieces, add_special_tokens=False)["input_ids"], strict=True):
        ids_BT[row] += ids
        answers_BT[row] += [mark] * len(ids)
    longest = max(map(len, ids_BT))
    whole = [ids + [tokenizer.pad_token_id] * (longest - len(ids)) for ids in ids_BT]
    return torch.tensor(whole), torch.tensor([mark + [0] * (longest - len(mark)) for mark in answers_BT])


def texts() -> list[str]:
    """What the tokenizer is trained on: conversations of the training split, and what is asked about them."""
    found = []
    for seed in range(100):
        talk = converse(3000, [(task, 0.5) for task in ALL], "train", seed, 0.3)
        found += [f"{turn}\n" for turn in talk.turns]
        found += [f"{asking(item.question)} {said(item.answer)}" for item in talk.items]
    return found


def save(folder: Path, kind: str, learning: Any, tokenizer: Any, course: Course) -> None:
    """A checkpoint, and the model as Hugging Face keeps it."""
    save_checkpoint(folder, learning, asdict(course))
    with storage.replace_folder(folder / "model") as new:
        learning.lm.save_pretrained(new)
        tokenizer.save_pretrained(new)
        storage.write_json(new / "reader.json", {"kind": kind, "trained_tokens": LONGEST, **asdict(course)})


if __name__ == "__main__":
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    main()
