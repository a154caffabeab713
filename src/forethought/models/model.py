"""A causal language model with its tokenizer and transcript: what acts, predicts and is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from forethought import storage
from forethought.errors import BadSetting, Damaged
from forethought.models import attention
from forethought.models.decoding import Continuation, continue_branches
from forethought.models.hearing import LONGEST, Heard, heard
from forethought.models.latent import SETTINGS_FILE as LATENT_FILE
from forethought.models.latent import Latent, LatentShape, Memory
from forethought.models.likelihood import ROWS, likelihoods
from forethought.models.lookback import look_up
from forethought.models.phrases import Phrased, imagine_in_phrases
from forethought.models.presets import Architecture, config_for, preset
from forethought.models.scan import MIXERS, enable_stateful_scan
from forethought.models.tokenizer import train_tokenizer, training_texts
from forethought.transcript import Role, Target, Tokens, Transcript, VerdictPlace
from forethought.types import Harm, Progress

SETTINGS_FILE = "forethought.json"
MAX_OUTCOME_TOKENS = 64
HEARD_AT_ONCE = 32
VERDICT_TOKENS = 2


@dataclass(frozen=True, slots=True)
class Imagined:
    """An imagined outcome: its facts in words, and what the model's likelihoods say about the two verdicts."""

    text: str
    satisfied: float
    failed: float
    harmed: float
    ids: tuple[int, ...] = ()

    @property
    def progress(self) -> Progress:
        """The likeliest progress."""
        ongoing = 1.0 - self.satisfied - self.failed
        best = max((ongoing, Progress.ONGOING), (self.satisfied, Progress.SATISFIED), (self.failed, Progress.FAILED))
        return best[1]

    @property
    def harm(self) -> Harm:
        """The likelier of harmed and none."""
        return Harm.HARMED if self.harmed >= 0.5 else Harm.NONE


class Model:
    """A Hugging Face causal language model that imagines outcomes in the transcript's form.

    ``Model.from_scratch("tiny")`` or ``Model.from_pretrained(path_or_id)``; ``save(folder)`` writes a folder that
    ``AutoModelForCausalLM`` and ``AutoTokenizer`` open too.
    """

    def __init__(
        self, lm: Any, tokenizer: Any, verdict: VerdictPlace = "after", target: Target = "change", origin: str = ""
    ) -> None:
        self.lm, self.tokenizer, self.origin = lm, tokenizer, origin
        self.latent: Latent | None = None
        self.sure: float | None = None
        """The least confidence with which a question counts as understood; ``None`` if it was taught no questions."""
        self.advised = False
        """Whether it was taught which action is best (``advice``), beside which ones there are."""
        self.transcript = Transcript(tokenizer, verdict, target)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        if any(type(module).__name__ in MIXERS for module in lm.modules()):
            enable_stateful_scan(lm)

    # ---- making, saving -------------------------------------------------------------------------------------------
    @classmethod
    def from_scratch(
        cls,
        size: str = "nano",
        *,
        worlds: Sequence[str] = ("errand",),
        levels: Sequence[int] = (),
        tokenizer: PreTrainedTokenizerFast | None = None,
        architecture: Architecture = "llama",
        seed: int = 0,
        verdict: VerdictPlace = "after",
        target: Target = "change",
        questions: bool = False,
    ) -> Model:
        """A preset (``nano``, ``tiny``, ``small``) with random weights and a tokenizer trained on the worlds' text.

        ``questions``: whether the tokenizer is to know the words of questions about the worlds too.
        """
        if tokenizer is None:
            texts = training_texts(worlds, levels, questions=questions)
            tokenizer = train_tokenizer(texts, preset(size).vocabulary)
        special: dict[str, Any] = {
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.eos_token_id,
        }
        config = config_for(size, len(tokenizer), architecture, special)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            lm: Any = AutoModelForCausalLM.from_config(config, **_attention_for(config))  # type: ignore[no-untyped-call]
            if architecture == "llama":
                look_up(lm)
        return cls(lm.float(), tokenizer, verdict, target, origin=size)

    @classmethod
    def from_pretrained(
        cls, source: str | Path, *, verdict: VerdictPlace | None = None, target: Target | None = None
    ) -> Model:
        """A model from a folder (ours or any Hugging Face one) or, with a network, from a hub id; weights in float32.

        Raises ``Damaged`` if it cannot be read, or lacks weights.
        """
        settings: dict[str, Any] = {}
        path = Path(source)
        if path.is_dir() and (path / SETTINGS_FILE).exists():
            settings = storage.read_json(path / SETTINGS_FILE)
        lm, tokenizer = load(source)
        model = cls(
            lm,
            tokenizer,
            verdict or settings.get("verdict", "after"),
            target or settings.get("target", "change"),
            origin=settings.get("origin", str(source)),
        )
        model.advised, model.sure = settings.get("advised", False), settings.get("sure")
        if path.is_dir() and (path / LATENT_FILE).exists():
            model.latent = Latent.load(path)
        return model

    def save(self, folder: str | Path) -> Path:
        """Writes weights (safetensors), tokenizer and settings; the folder appears whole or not at all."""
        settings = {
            "verdict": self.transcript.verdict,
            "target": self.transcript.target,
            "origin": self.origin,
            "advised": self.advised,
            "sure": self.sure,
        }
        with storage.replace_folder(Path(folder)) as fresh:
            self.lm.save_pretrained(fresh)
            self.tokenizer.save_pretrained(fresh)
            if self.latent is not None:
                self.latent.save(fresh)
            storage.write_json(fresh / SETTINGS_FILE, settings)
        return Path(folder)

    def with_latent(self, members: int = 3, seed: int = 0) -> Model:
        """Gives the model untrained latent dynamics and returns it; those it has already are kept."""
        if self.latent is None:
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                self.latent = Latent(LatentShape(width := self.lm.config.hidden_size, width, members)).to(self.device)
        return self

    # ---- imagining ------------------------------------------------------------------------------------------------
    def imagine(
        self,
        contexts: Sequence[Tokens],
        actions: Sequence[Sequence[str]],
        max_tokens: int = MAX_OUTCOME_TOKENS,
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> list[list[Imagined]]:
        """For each context, the outcome that the model expects of each action, with its verdicts: greedy, or with a
        ``temperature`` one that might come of it.

        ``max_tokens`` bounds the outcome's length; verdicts that are phrases stand beside it and are not counted.
        """
        branches = [[self.transcript.action(a).ids for a in of_context] for of_context in actions]
        ids = [context.ids for context in contexts]
        if not self.verdicts_are_tokens:
            pad = self.tokenizer.pad_token_id
            phrased = imagine_in_phrases(
                self.lm, self.transcript, ids, branches,
                pad=pad, max_new=max_tokens, temperature=temperature, generator=generator,
            )  # fmt: skip
            return [[self._from_phrases(outcome) for outcome in of_context] for of_context in phrased]
        grouped = continue_branches(
            self.lm,
            ids,
            branches,
            stop=self.transcript.end_ids[0],
            pad=self.tokenizer.pad_token_id,
            max_new=max_tokens,
            keep_logits=VERDICT_TOKENS if self.transcript.verdict == "before" else max_tokens,
            temperature=temperature,
            generator=generator,
        )
        return [[self._imagined(continuation) for continuation in of_context] for of_context in grouped]

    def judge(self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]]) -> list[list[Imagined]]:
        """The verdicts alone, with no facts in words where they stand first: one short look each."""
        if self.transcript.verdict == "after":
            return self.imagine(contexts, actions)
        return self.imagine(contexts, actions, VERDICT_TOKENS if self.verdicts_are_tokens else 0)

    def propose(
        self,
        contexts: Sequence[Tokens],
        count: int,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
        max_tokens: int = 32,
        later: bool = False,
    ) -> list[list[str]]:
        """Samples ``count`` actions for each context from the model's own prior over what can be done now, or at any
        time ``later`` in the episode (then only those that came to an end within ``max_tokens``).
        """
        if later:
            contexts = [context + self.transcript.later() for context in contexts]
        grouped = continue_branches(
            self.lm,
            [context.ids[:-1] for context in contexts],
            [[context.ids[-1:]] * count for context in contexts],
            stop=self.transcript.end_ids[0],
            pad=self.tokenizer.pad_token_id,
            max_new=max_tokens,
            temperature=temperature,
            generator=generator,
        )
        ended = [[c for c in of_context if c.closed or not later] for of_context in grouped]
        return [[self._decode(c.ids).strip() for c in of_context] for of_context in ended]

    def preferences(
        self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]], rows: int = ROWS
    ) -> list[list[float]]:
        """How likely (log-probability, nats) the model itself takes each action in each context, its end included.

        Asked for the best action if it was ever taught that (``advised``), else for any that can be done.
        """
        if self.advised:
            contexts = [context + self.transcript.advice() for context in contexts]
        branches = [[self._action_ids(action) for action in of_context] for of_context in actions]
        pad = self.tokenizer.pad_token_id
        return likelihoods(self.lm, [context.ids for context in contexts], branches, pad=pad, rows=rows)

    def hear(self, questions: Sequence[str]) -> list[Heard]:
        """The situation that each question is about, as the model understands it (greedy)."""
        contexts = [self.transcript.question(text).ids for text in questions]
        found = []
        for start in range(0, len(contexts), HEARD_AT_ONCE):
            some = contexts[start : start + HEARD_AT_ONCE]
            grouped = continue_branches(
                self.lm,
                [ids[:-1] for ids in some],
                [[ids[-1:]] for ids in some],
                stop=self.transcript.end_ids[0],
                pad=self.tokenizer.pad_token_id,
                max_new=LONGEST,
                confidence=True,
            )
            found += [self._heard(continuation) for (continuation,) in grouped]
        return found

    def hidden(self, texts: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
        """The last hidden states of texts, right-padded (R, T, W), and the texts' lengths (R)."""
        length = [len(text) for text in texts]
        pad, width = self.tokenizer.pad_token_id, max(length)
        ids_RT = torch.tensor([text.ids + [pad] * (width - len(text)) for text in texts], device=self.device)
        hidden_RTW: Tensor = self.lm.base_model(input_ids=ids_RT, use_cache=False).last_hidden_state
        return hidden_RTW.float(), torch.tensor(length, device=self.device)

    def hidden_at_end(self, texts: Sequence[Tokens]) -> Tensor:
        """The last hidden state at each text's end (R, W); every text is read alone, with positions from 0."""
        hidden_RTW, length_R = self.hidden(texts)
        return hidden_RTW[torch.arange(len(texts), device=self.device), length_R - 1]

    def states(self, contexts: Sequence[Tokens]) -> tuple[Tensor, Memory]:
        """The latent states (E, R, 1, D) at the ends of transcripts, and what these told.

        Raises ``BadSetting`` for a model without latent dynamics.
        """
        latent = self.require_latent()
        hidden_RTW, length_R = self.hidden(contexts)
        seen_RT = torch.arange(hidden_RTW.shape[1], device=self.device) < length_R[:, None]
        last_RW = hidden_RTW[torch.arange(len(contexts), device=self.device), length_R - 1]
        return latent.state(last_RW), latent.memory(hidden_RTW, seen_RT)

    def require_latent(self) -> Latent:
        """The latent dynamics; ``BadSetting`` for a model without them."""
        if self.latent is None:
            raise BadSetting(
                "this model has no latent dynamics; imagine in words (TokenDynamics), or train it with latent_weight"
            )
        return self.latent

    @cached_property
    def verdicts_are_tokens(self) -> bool:
        """Whether each verdict form is a single token, so that its probability is one logit."""
        return all(len(form) == 1 for forms in self.transcript.verdict_ids() for form in forms)

    def _imagined(self, continuation: Continuation) -> Imagined:
        text = self._decode(continuation.ids)
        outcome = self.transcript.read_outcome(text)
        progress_forms, harm_forms = self.transcript.verdict_ids()
        progress, harm = _verdict(continuation, progress_forms), _verdict(continuation, harm_forms)
        return Imagined(outcome.text, progress[1], progress[2], harm[1], tuple(continuation.ids))

    def _from_phrases(self, outcome: Phrased) -> Imagined:
        facts = self.transcript.read_outcome(self._decode(outcome.ids)).text
        return Imagined(facts, outcome.progress[1], outcome.progress[2], outcome.harm[1], tuple(outcome.ids))

    def _heard(self, continuation: Continuation) -> Heard:
        if not continuation.closed or not continuation.ids:
            return heard("", 0.0)
        return heard(self._decode(continuation.ids), continuation.confidence)

    def _action_ids(self, action: str) -> list[int]:
        tokens = self.transcript.action(action)
        return [i for i, role in zip(tokens.ids, tokens.roles, strict=True) if role == Role.ACTION]

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.lm.parameters()).device
        return device

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any weight."""
        found = hashlib.sha256()
        for part in (self.lm, self.latent):
            for name, tensor in sorted(part.state_dict().items()) if part is not None else ():
                found.update(name.encode())
                found.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:16]

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        return sum(p.numel() for p in self.lm.parameters())


def load(source: str | Path) -> tuple[Any, Any]:
    """A causal language model (float32) and its tokenizer, from a folder or a hub id; ``Damaged`` if there is none."""
    try:
        return _load(source)
    except Exception as error:  # a broken file raises whatever its reader raises, down to a plain Exception
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise Damaged(
            f"no model could be read from {str(source)!r}: {reason} Expected a folder that Model.save() or "
            "save_pretrained() wrote, or a hub id that this machine can reach."
        ) from error


def _load(source: str | Path) -> tuple[Any, Any]:
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        source, trust_remote_code=False, dtype=torch.float32, output_loading_info=True, **_attention_for(config)
    )
    lm, told = loaded
    if missing := sorted(told["missing_keys"]):
        raise OSError(f"{len(missing)} weights are missing, the first is {missing[0]!r}.")
    return lm, tokenizer


def _attention_for(config: Any) -> dict[str, Any]:
    """Our attention for Llama models on a CPU; whatever transformers chooses elsewhere."""
    on_cpu = not torch.cuda.is_available()
    return {"attn_implementation": attention.register()} if on_cpu and config.model_type == "llama" else {}


def _verdict(continuation: Continuation, forms: list[list[int]]) -> list[float]:
    """Probabilities of a verdict's single-token forms at the place where one stands; equal ones where none does."""
    singles = [form[0] for form in forms]
    for place, token in enumerate(continuation.ids):
        if token in singles and place < len(continuation.logits):
            found: list[float] = continuation.logits[place][singles].softmax(-1).tolist()
            return found
    return [1.0 / len(forms)] * len(forms)
