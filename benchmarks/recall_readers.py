"""Small readers, trained by one recipe on short generated conversations, for the recall suite.

    python benchmarks/recall_readers.py --folder FOLDER [--kinds llama mamba2 ...] [--updates N]

One recipe for all kinds: the same conversations (``recall_lessons.py``), updates, optimisers and schedule; the loss is
on the answers alone. First one fact is told (its value is copied), then more of few people and things (they are told
apart), then every task is asked. What is slow to emerge is there from the start: the first layer looks at the last line
or so (a Llama by its biases, a Mamba by a convolution of ``KERNEL`` tokens), the second for what is alike.

FOLDER/KIND/model is a Hugging Face model with its tokenizer; ``forethought eval recall --model`` reads it. It is kept
every two minutes; called again, training goes on from there. What was right, task by task, is in ``exams.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from recall_lessons import LEVELS, LONGEST, lessons, padded, passages, texts
from recall_passages import Told, training, validation
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
from forethought.models.scan import enable_stateful_scan
from forethought.models.tokenizer import train_tokenizer
from forethought.training.checkpoint import checkpoints, load_newest, save_checkpoint
from forethought.training.optimizer import Optimizer

KINDS = ("llama", "mamba2", "mamba", "jamba", "rwkv")
WIDTH, LAYERS, VOCABULARY = 64, 3, 2048
MATRICES, OTHERS, DECAY = 0.005, 3e-3, 0.01
UPDATES, WARM, CALM = 12_000, 50, 0.4
"""The rates rise over ``WARM`` updates and fall over the last share of ``CALM``."""
EVERY_S, EXAM, EXAMINED = 120, 500, 20
NEAR, ALIKE, TOLD = 1.0, 8.0, 8.0
"""By how many nats, about, a Llama's heads prefer what is near and what is alike, and how many times what is near tells
more than by chance."""
KERNEL, NEARBY, CHANCE = 12, 2.0, 0.3
"""Tokens of a Mamba's convolution, how strongly it begins as their mean, and how much of it is left to chance."""
TOSSING, STUCK, TRIES = 1, 700, 4
"""A reader that is still at this level (two facts) after so many updates begins anew from other starting weights, this
often at most: whoever tells two facts apart does so within 250 to 620 updates, and some never do.
"""
MASTERED, NEWEST = 0.7, 0.6
"""Share of a level's answers that must be right before the next, and share of updates from the newest level."""


@dataclass
class Course:
    """Where the training stands."""

    update: int = 0
    level: int = 0
    right: float = 0.0
    seconds: float = 0.0
    seed: int = 0


@dataclass
class Read:
    """Passages that were looked up: those of the last level, and those of the exams."""

    training: list[Told]
    exams: dict[tuple[str, str], list[Told]]

    @classmethod
    def of(cls, folder: Path) -> Read:
        """The same for every reader of a folder."""
        return cls(training(folder), validation(EXAMINED))


def main() -> None:
    """Trains the readers one after another."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=KINDS[:2], choices=KINDS)
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    read = Read.of(args.folder)
    for kind in args.kinds:
        with storage.lock(args.folder / kind):
            train(kind, args.folder / kind, args.updates, read)


def reader(kind: str, vocabulary: int, special: dict[str, Any]) -> Any:
    """An untrained reader, 0.2 to 0.3 million parameters."""
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
            **common, num_heads=WIDTH // 16, head_dim=32, n_groups=1, state_size=64, chunk_size=16, conv_kernel=KERNEL
        ),
        "mamba": lambda: MambaConfig(**common, state_size=32, conv_kernel=KERNEL),
        "jamba": lambda: JambaConfig(
            **common, **heads, num_experts=1, num_experts_per_tok=1, attn_layer_period=3, attn_layer_offset=1,
            mamba_d_state=32, mamba_d_conv=KERNEL, mamba_dt_rank=4, use_mamba_kernels=False,
        ),
        "rwkv": lambda: RwkvConfig(**common, attention_hidden_size=WIDTH, context_length=1024),
    }  # fmt: skip
    lm = AutoModelForCausalLM.from_config(configs[kind]())
    if kind == "llama":
        look_near(lm)
    if "mamba" in kind or kind == "jamba":
        keep_near(lm)
    if kind in ("mamba", "jamba"):
        enable_stateful_scan(lm)
    return lm


def look_near(lm: Any) -> None:
    """Sets a Llama: the first layer's heads look near, the second's at what is alike; training may undo it."""
    turn_f, heads = lm.model.rotary_emb.inv_freq, lm.config.num_attention_heads
    half, width = len(turn_f), lm.config.hidden_size
    near_f = ((turn_f > 0.03) & (turn_f < 0.35)) * (NEAR * (2 * half) ** 0.5) ** 0.5
    still = (turn_f < 0.005).nonzero().flatten()
    rows = torch.cat([torch.cat([still, still + half]) + 2 * half * head for head in range(heads)])
    with torch.no_grad():
        first, second = (layer.self_attn for layer in lm.model.layers[:2])
        for part in (first.q_proj, first.k_proj):
            part.bias += torch.cat([near_f, torch.zeros(half)]).repeat(heads)
        first.o_proj.weight *= TOLD
        like = torch.randn(len(rows), width) * (ALIKE * (2 * half) ** 0.5 / (2 * len(still)) / width) ** 0.5
        second.q_proj.weight[rows] = like
        second.k_proj.weight[rows] = like


def keep_near(lm: Any) -> None:
    """Sets a Mamba: the first layer forgets within a line, the others keep, under what stands nearby, and read by it.

    What is kept is the token itself; what it is kept under and what is looked for, the last ``KERNEL`` tokens alike.
    """
    mixers = [module for module in lm.modules() if hasattr(module, "A_log")]
    keep = keep_near_2 if lm.config.model_type == "mamba2" else keep_near_1
    with torch.no_grad():
        for place, mixer in enumerate(mixers):
            keep(mixer, first=place == 0)


def keep_near_2(mixer: Any, first: bool) -> None:
    """A Mamba2's mixer, whose convolution has channels for what is kept, and for what it is kept under and read by."""
    inner, size, taps = mixer.intermediate_size, mixer.ssm_state_size, mixer.conv1d.weight
    mixer.A_log.zero_()
    mixer.dt_bias.copy_(steps(mixer.num_heads, first))
    taps[:inner] *= CHANCE
    taps[:inner, :, -1] += 1.0
    if not first:
        taps[inner:] = CHANCE * taps[inner:] + NEARBY * KERNEL**-0.5
        for part, start in ((mixer.in_proj.weight, 2 * inner), (taps, inner), (mixer.conv1d.bias, inner)):
            part[start + size : start + 2 * size] = part[start : start + size]


def keep_near_1(mixer: Any, first: bool) -> None:
    """A Mamba's mixer, which makes keys from what it keeps: from half of its channels, those that look nearby."""
    half, taps, keys = mixer.intermediate_size // 2, mixer.conv1d.weight, mixer.x_proj.weight[mixer.time_step_rank :]
    mixer.A_log.zero_()
    mixer.dt_proj.bias.copy_(steps(half, first).repeat(2))
    taps *= CHANCE
    taps[:half, :, -1] += 1.0
    taps[half:] += NEARBY * KERNEL**-0.5
    keys *= NEARBY
    keys[:, :half] = 0.0
    if not first:
        keys[mixer.ssm_state_size :] = keys[: mixer.ssm_state_size]


def steps(count: int, first: bool) -> Tensor:
    """Biases of the step sizes: of a first layer so that it forgets within a line, else within 100 to 400 tokens."""
    return ((0.3 if first else 0.01) * 0.25 ** torch.linspace(0, 1, count)).expm1().log()


class Learning:
    """A reader, and what trains it."""

    def __init__(self, lm: Any) -> None:
        self.lm, self.optimizer = lm, Optimizer(lm, MATRICES, OTHERS, DECAY)
        self.named_parameters = lm.named_parameters


def train(kind: str, folder: Path, updates: int, read: Read) -> None:
    """Trains one reader, going on from its checkpoint."""
    there = (folder / "model" / "tokenizer.json").exists()
    tokenizer = AutoTokenizer.from_pretrained(folder / "model") if there else train_tokenizer(texts(), VOCABULARY)
    learning = fresh(kind, tokenizer, 0)
    course = Course(**(load_newest(folder, learning) or {}))
    print(
        f"{kind}: {sum(p.numel() for p in learning.lm.parameters()):,} parameters, update {course.update}", flush=True
    )
    exams = folder / "exams.jsonl"
    if exams.exists():
        storage.truncate_lines(exams, course.update // EXAM)
    started = time.monotonic()
    bar = tqdm(initial=course.update, total=updates, mininterval=20)
    while course.update < updates:
        if course.update == STUCK and course.level <= TOSSING and course.seed + 1 < TRIES:
            learning, course = fresh(kind, tokenizer, course.seed + 1), Course(seed=course.seed + 1)
            for path in (exams, *checkpoints(folder)):
                storage.remove(path)
            bar.reset()
        rate = min(1.0, (course.update + 1) / WARM, (updates - course.update) / (CALM * updates))
        loss = step(learning, tokenizer, course, course.update, rate, read.training)
        bar.set_postfix(level=course.level, loss=f"{loss:.2f}", right=f"{course.right:.2f}", refresh=False)
        bar.update()
        last = course.update == updates
        if course.update % EXAM == 0 or last:
            told = {**asdict(course), "loss": loss, "exam": exam(learning.lm, tokenizer, read.exams)}
            storage.append_line(exams, json.dumps(told))
            print(told, flush=True)
        if time.monotonic() - started > EVERY_S or last:
            course.seconds += time.monotonic() - started
            started = time.monotonic()
            save(folder, kind, learning, tokenizer, course)


def fresh(kind: str, tokenizer: Any, seed: int) -> Any:
    """An untrained reader, and what trains it."""
    torch.manual_seed(seed)
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    return Learning(reader(kind, len(tokenizer), special))


def step(learning: Learning, tokenizer: Any, course: Course, update: int, rate: float, told: list[Told]) -> float:
    """One update; its loss. What is right, and the level, are told to ``course``."""
    rng = random.Random(f"readers/{update}")
    newest = rng.random() < NEWEST
    level = course.level if newest else rng.randint(course.level // 2, course.level)
    rows = lessons(rng, *LEVELS[level]) if level < len(LEVELS) else passages(rng, told)
    ids_BT, answer_BT = padded(tokenizer, rows)
    learning.lm.train()
    loss, right_A = answered(learning.lm, ids_BT, answer_BT)
    learning.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(learning.lm.parameters(), 1.0)
    learning.optimizer.step(rate)
    course.update = update + 1
    if newest:
        course.right = 0.95 * course.right + 0.05 * float(right_A.mean())
    if course.right > MASTERED and course.level < len(LEVELS):
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
def exam(lm: Any, tokenizer: Any, told: dict[tuple[str, str], list[Told]]) -> dict[str, float]:
    """What is right of each task on the validation split, by what was given to read."""
    found = {}
    for (task, way), some in told.items():
        rows = [(text, [(question, answer)]) for _, _, text, question, answer in some]
        found[f"{task} {way}"] = round(float(answered(lm.eval(), *padded(tokenizer, rows))[1].mean()), 2)
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
