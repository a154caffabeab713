"""Sentence vectors: wordllama's static ones, those of a sentence-transformers folder, or none (words alone)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forethought.errors import BadSetting, MissingExtra

Vectors = NDArray[np.float32]
LEXICAL, WORDLLAMA = "lexical", "wordllama"


class Embedder(Protocol):
    """Turns texts into vectors of length 1; ``name`` is kept with the memory, so that vectors are never mixed."""

    name: str
    weight: float
    """How much its ranking counts beside that of the words, which is 1."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors (N, W) of N texts."""
        ...


class WordLlama:
    """Static token vectors, averaged (extra ``embed``; the weights ship in its wheel, nothing is downloaded)."""

    name = WORDLLAMA
    weight = 0.2

    def __init__(self) -> None:
        try:
            import wordllama  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError as error:
            raise MissingExtra("wordllama is not installed; pip install 'forethought[embed]'") from error
        here = Path(wordllama.__file__).parent  # 0.4.0 looks for its own tokenizer in the cache folder alone
        self._model = wordllama.WordLlama.load(cache_dir=here, disable_download=True)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors (N, 256) of N texts."""
        return np.nan_to_num(np.asarray(self._model.embed(list(texts), norm=True), dtype=np.float32))


class Transformer:
    """A sentence-transformers model in a local folder, read by transformers: mean of the last states, normalised."""

    weight = 0.5

    def __init__(self, folder: Path | str, tokens: int = 256, rows: int = 64) -> None:
        if not (Path(folder) / "config.json").is_file():
            raise BadSetting(
                f"{folder} is not the folder of a model: it has no config.json; expected one that has, 'lexical' or "
                "'wordllama'"
            )
        from transformers import AutoModel, AutoTokenizer

        self.name = f"transformer:{Path(folder).name}"
        self._tokens, self._rows = tokens, rows
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModel.from_pretrained(folder).eval()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors (N, W) of N texts, shorter texts first so that little is padded."""
        import torch

        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found: Vectors | None = None
        for start in range(0, len(order), self._rows):
            rows = order[start : start + self._rows]
            inputs = self._tokenizer(
                [texts[i] for i in rows], padding=True, truncation=True, max_length=self._tokens, return_tensors="pt"
            )
            with torch.inference_mode():
                states_BTW = self._model(**inputs).last_hidden_state
                mask_BT1 = inputs["attention_mask"][..., None].float()
                mean_BW = (states_BTW * mask_BT1).sum(1) / mask_BT1.sum(1)
                vectors = torch.nn.functional.normalize(mean_BW, dim=-1).numpy()
            found = np.zeros((len(texts), vectors.shape[1]), np.float32) if found is None else found
            found[rows] = vectors
        return found if found is not None else np.zeros((0, self._model.config.hidden_size), np.float32)


@cache
def _wordllama() -> WordLlama | None:
    try:
        return WordLlama()
    except MissingExtra:
        return None


def choose(wanted: str | Path | Embedder | None) -> Embedder | None:
    """The embedder that is wanted: None takes wordllama where it is installed, else words alone (as "lexical" does).

    Raises ``MissingExtra`` where wordllama is asked for by name and missing, ``BadSetting`` for a folder without model.
    """
    if wanted is None:
        return _wordllama()
    if isinstance(wanted, str | Path):
        if wanted == LEXICAL:
            return None
        if wanted == WORDLLAMA:
            return _wordllama() or WordLlama()
        return Transformer(wanted)
    if not callable(getattr(wanted, "embed", None)):
        raise BadSetting(f"got embed={wanted!r}; expected 'lexical', 'wordllama', a model's folder, or an Embedder")
    return wanted
