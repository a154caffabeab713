"""Small readers, trained by one recipe on short generated conversations, for the recall suite.

    python benchmarks/recall_readers.py --folder FOLDER [--kinds llama mamba2 ...] [--updates N]

Each kind is trained until ``--updates``, with a checkpoint every two minutes: called again it goes on from there.
FOLDER/KIND/model is then a Hugging Face model with its tokenizer; ``forethought eval recall --model`` reads it, and its
oracle arm says whether it proves anything. The loss is on answers; conversations grow with what is mastered.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from dataclasses import dataclass, field
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
from forethought.evaluation.recall.conversation import Conversation, converse
from forethought.evaluation.recall.prompt import asking, passage, said
from forethought.models.scan import enable_stateful_scan
from forethought.models.tokenizer import train_tokenizer

WIDTH, LAYERS, VOCABULARY = 96, 3, 2048
EVERY_S, RATE, WARM, CALM, TOKENS = 120, 3e-3, 50, 0.3, 1000
KINDS = ("llama", "mamba2", "mamba", "jamba", "rwkv")
EASY = ("needle", "abstain")
LEVELS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (24, 0, ("needle",)),
    (64, 0, ("needle",)),
    (96, 0, EASY),
    (120, 1, (*EASY, "update")),
    (150, 1, (*EASY, "update", "multi-key", "multi-value", "order")),
    (180, 1, (*EASY, "update", "multi-key", "multi-value", "order", "two-hop")),
    (240, 2, (*EASY, "update", "multi-key", "multi-value", "order", "two-hop", "pairs-4")),
)
"""Tokens of a conversation, lines against each question, and what is asked."""
MASTERED = (0.5, 0.8, 0.8, 0.8, 0.75, 0.75)
"""Share of answers that must be right before the next level. The first teaches to copy; matching needs many keys."""
SEEN = 0.6
"""Share of the training by which every level is reached, mastered or not."""


@dataclass
class Course:
    """Where the training stands."""

    update: int = 0
    level: int = 0
    right: float = 0.0
    seconds: float = 0.0
    log: list[dict[str, Any]] = field(default_factory=list)


def main() -> None:
    """Trains the readers one after another."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=KINDS[:2], choices=KINDS)
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--kernel", type=int, default=4, help="tokens that a Mamba's convolution sees")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for kind in args.kinds:
        with storage.lock(args.folder / kind):
            train(kind, args.folder / kind, args.updates, args.width, args.kernel)


def config_for(kind: str, vocabulary: int, width: int, special: dict[str, Any], kernel: int = 4) -> Any:
    """The Hugging Face config of a reader, a quarter to half a million parameters."""
    common: dict[str, Any] = {
        "vocab_size": vocabulary, "hidden_size": width, "num_hidden_layers": LAYERS, "tie_word_embeddings": True,
        "initializer_range": width**-0.5, **special,
    }  # fmt: skip
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 2 * width}
    if kind == "llama":
        rope = {"rope_type": "default", "rope_theta": 100_000.0}
        return LlamaConfig(**common, **heads, rope_parameters=rope, max_position_embeddings=131_072)
    if kind == "mamba2":
        return Mamba2Config(
            **common, num_heads=width // 16, head_dim=32, n_groups=1, state_size=32, chunk_size=32, conv_kernel=kernel
        )
    if kind == "mamba":
        return MambaConfig(**common, state_size=16, conv_kernel=kernel)
    if kind == "jamba":
        return JambaConfig(
            **common, **heads, num_experts=1, num_experts_per_tok=1, attn_layer_period=3, attn_layer_offset=1,
            mamba_d_state=16, mamba_d_conv=kernel, mamba_dt_rank=6, use_mamba_kernels=False,
        )  # fmt: skip
    return RwkvConfig(**common, attention_hidden_size=width, context_length=1024)


def train(kind: str, folder: Path, updates: int, width: int, kernel: int) -> None:
    """Trains one reader, going on from its checkpoint."""
    torch.manual_seed(0)
    there = (folder / "model" / "tokenizer.json").exists()
    tokenizer = AutoTokenizer.from_pretrained(folder / "model") if there else train_tokenizer(texts(), VOCABULARY)
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    lm = AutoModelForCausalLM.from_config(config_for(kind, len(tokenizer), width, special, kernel))
    if kind in ("mamba", "jamba"):
        enable_stateful_scan(lm)
    decayed = [p for p in lm.parameters() if p.ndim > 1]
    plain = [p for p in lm.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98))
    course = restore(folder, lm, optimizer)
    print(f"{kind}: {sum(p.numel() for p in lm.parameters()):,} parameters, from update {course.update}", flush=True)
    started = saved = time.monotonic()
    for update in (bar := tqdm(range(course.update, updates), initial=course.update, total=updates, mininterval=20)):
        scale = min(1.0, (update + 1) / WARM, (updates - update) / (CALM * updates))
        for group in optimizer.param_groups:
            group["lr"] = RATE * scale
        loss, right = step(lm, tokenizer, optimizer, course, update)
        course.update, course.right = update + 1, 0.97 * course.right + 0.03 * right
        late = update > (course.level + 1) / len(LEVELS) * SEEN * updates
        if course.level + 1 < len(LEVELS) and (late or course.right > MASTERED[course.level]):
            course.level, course.right = course.level + 1, 0.0
        if update % 100 == 99:
            course.log.append({"update": update + 1, "level": course.level, "loss": loss, "right": course.right})
            bar.set_postfix(level=course.level, loss=f"{loss:.2f}", right=f"{course.right:.2f}")
        if time.monotonic() - saved > EVERY_S or update + 1 == updates:
            course.seconds += time.monotonic() - started
            started = saved = time.monotonic()
            save(folder, kind, lm, tokenizer, optimizer, course)


def step(lm: Any, tokenizer: Any, optimizer: Any, course: Course, update: int) -> tuple[float, float]:
    """One update; the loss, and the share of answers whose tokens are all right (of the newest level)."""
    ids_BT, answer_BT, new = batch(tokenizer, course.level, update)
    lm.train()
    hidden_BTW = lm.base_model(ids_BT)[0][:, :-1]
    which_BT = answer_BT[:, 1:]
    target_N = ids_BT[:, 1:][which_BT > 0]
    logits_NV = lm.get_output_embeddings()(hidden_BTW[which_BT > 0])
    loss = F.cross_entropy(logits_NV, target_N)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(lm.parameters(), 1.0)
    optimizer.step()
    mark_N = which_BT[which_BT > 0]
    wrong = mark_N[logits_NV.argmax(-1) != target_N].unique()
    return float(loss.detach()), (1 - len(wrong) / int(mark_N.max())) if new else course.right


def batch(tokenizer: Any, level: int, update: int) -> tuple[Tensor, Tensor, bool]:
    """Ids (B, T), which answer each token belongs to (0: none), and whether the batch is of the newest level."""
    rng = random.Random(f"readers/{update}")
    new = rng.random() < 0.6
    length, near, tasks = LEVELS[level if new else rng.randint(0, level)]
    pieces: list[str] = []
    marks: list[tuple[int, int]] = []
    asked = 0
    rows = max(8, min(64, TOKENS // (length + 40)))
    for row in range(rows):
        talk = short(rng, length, near, tasks)
        pieces.append(passage(talk.turns))
        marks.append((row, 0))
        for item in rng.sample(talk.items, len(talk.items)):
            asked += 1
            pieces += [asking(item.question), f" {said(item.answer)}{tokenizer.eos_token}"]
            marks += [(row, 0), (row, asked)]
    ids_BT: list[list[int]] = [[] for _ in range(rows)]
    answers_BT: list[list[int]] = [[] for _ in range(rows)]
    for (row, mark), ids in zip(marks, tokenizer(pieces, add_special_tokens=False)["input_ids"], strict=True):
        ids_BT[row] += ids
        answers_BT[row] += [mark] * len(ids)
    longest = max(map(len, ids_BT))
    padded = [ids + [tokenizer.pad_token_id] * (longest - len(ids)) for ids in ids_BT]
    marked = [found + [0] * (longest - len(found)) for found in answers_BT]
    return torch.tensor(padded), torch.tensor(marked), new


def short(rng: random.Random, length: int, near: int, tasks: tuple[str, ...]) -> Conversation:
    """A conversation of at most about ``length`` tokens, with as many questions as it has room for."""
    count, share = 1 + length // (18 if len(tasks) == 1 else 36), rng.choice((0.1, 0.5, 0.9))
    while True:
        wanted = [(rng.choice(tasks), rng.random()) for _ in range(count)]
        talk = converse(rng.randint(16, length), wanted, "train", rng.getrandbits(40), share, rng.randint(0, near))
        if talk.tokens <= length + 16:
            return talk
        count = max(1, count - 1)


def texts() -> list[str]:
    """What the tokenizer is trained on: conversations of the training split, and what is asked about them."""
    tasks = [(task, 0.5) for task in LEVELS[-1][2]]
    found = []
    for seed in range(100):
        talk = converse(3000, tasks, "train", seed, 0.3)
        found += [f"{turn}\n" for turn in talk.turns]
        found += [f"{asking(item.question)} {said(item.answer)}" for item in talk.items]
    return found


def restore(folder: Path, lm: Any, optimizer: Any) -> Course:
    """Loads the checkpoint, where there is one."""
    path = folder / "checkpoint" / "state.pt"
    if not path.exists():
        return Course()
    found = torch.load(path, weights_only=True)
    lm.load_state_dict(found["lm"])
    optimizer.load_state_dict(found["optimizer"])
    return Course(**json.loads((folder / "checkpoint" / "course.json").read_text()))


def save(folder: Path, kind: str, lm: Any, tokenizer: Any, optimizer: Any, course: Course) -> None:
    """A checkpoint, and the model as Hugging Face keeps it."""
    with storage.replace_folder(folder / "checkpoint") as new:
        torch.save({"lm": lm.state_dict(), "optimizer": optimizer.state_dict()}, new / "state.pt")
        storage.write_json(new / "course.json", course.__dict__)
    with storage.replace_folder(folder / "model") as new:
        lm.save_pretrained(new)
        tokenizer.save_pretrained(new)
        told = {"kind": kind, "updates": course.update, "level": course.level, "trained_tokens": LEVELS[-1][0]}
        storage.write_json(new / "reader.json", {**told, "seconds": round(course.seconds), "log": course.log[-20:]})


if __name__ == "__main__":
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    main()
