"""A byte-level BPE tokenizer trained on the training worlds' text, deterministically, with a chat template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from forethought.errors import BadSetting, NotOffered
from forethought.transcript import HARM_FORMS, PROGRESS_FORMS

SYSTEM, USER, ASSISTANT, END, PAD = "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"
SPECIAL = (PAD, END, SYSTEM, USER, ASSISTANT)
MAX_VOCABULARY = 4096
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|> ' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
WORDS = r" ?[\p{L}\p{M}\p{N}]+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"
"""What no entry goes beyond: a word, letters and digits together (``B2`` is one place, not two), or what stands between
words. The space before a word is part of it."""


def train_tokenizer(texts: Iterable[str], vocabulary: int = 1024) -> PreTrainedTokenizerFast:
    """Trains a tokenizer of at most ``vocabulary`` entries; each verdict is a single token.

    The result depends on the texts alone, not on their order. Raises ``BadSetting`` beyond 4,096 entries.
    """
    if not 300 <= vocabulary <= MAX_VOCABULARY:
        raise BadSetting(f"vocabulary of {vocabulary} entries; expected 300 to {MAX_VOCABULARY}")
    tokenizer = Tokenizer(models.BPE())
    words, bytes_ = pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    verdicts = [form for forms in (PROGRESS_FORMS, HARM_FORMS) for form in forms.values()]
    forms = [text for form in verdicts for text in (form, " " + form)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(forms),
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(texts), trainer)
    tokenizer.add_tokens([AddedToken(form, normalized=False, special=False) for form in forms])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens=[SYSTEM, USER, ASSISTANT],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def training_texts(
    worlds: Sequence[str], levels: Sequence[int] = (), episodes: int = 400, questions: bool = False
) -> Iterator[str]:
    """Text of training situations and of random behaviour in them, for the tokenizer; ``levels`` () means all.

    Of a world that lists no candidates there are the situations alone. With ``questions``, also what is asked about
    them, where anybody asks.
    """
    import random

    from forethought.worlds import make, world_class
    from forethought.worlds.vector import VectorWorld

    for name in worlds:
        for level in levels or world_class(name).levels:
            world, rng = make(name, level=level, split="train"), random.Random(f"tokenizer/{name}/{level}")
            vector = VectorWorld([world])
            for seed in range(episodes):
                start = vector.reset(0, seed)
                yield f" {start.desire} {start.observation}"
                candidates = start.candidates
                while candidates:
                    action = rng.choice(candidates)
                    told = vector.step(0, action)
                    yield f" {action} {told.change or told.observation}"
                    candidates = () if told.over else told.candidates
                if questions:
                    with suppress(NotOffered):
                        yield f" {world.question(seed).text}"
