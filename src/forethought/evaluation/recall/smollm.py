"""The packaged SmolLM2-135M-Instruct as a reader of the recall suite, within its positions."""

from __future__ import annotations

from forethought.errors import MissingExtra
from forethought.evaluation.recall.reader import Reader


def smollm() -> Reader:
    """SmolLM2. Raises ``MissingExtra`` where it is not installed."""
    try:
        from forethought.memory.smollm import load
    except ImportError as error:
        raise MissingExtra("this version cannot read SmolLM2 yet; name the folder of a model instead") from error
    lm, tokenizer = load()
    return Reader(lm, tokenizer, "smollm")
