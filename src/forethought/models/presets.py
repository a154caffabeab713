"""From-scratch presets: sizes as Hugging Face Llama or Mamba2 configs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from transformers import LlamaConfig, Mamba2Config, PretrainedConfig

from forethought.errors import UnknownName

Architecture = Literal["llama", "mamba2"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A size: D width, L layers, heads, feed-forward width, vocabulary entries."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int


PRESETS: dict[str, Preset] = {
    "pico": Preset(width=32, layers=3, heads=2, feed_forward=88, vocabulary=1024),
    "nano": Preset(width=64, layers=4, heads=4, feed_forward=176, vocabulary=1024),
    "tiny": Preset(width=128, layers=4, heads=4, feed_forward=344, vocabulary=1536),
    "mini": Preset(width=192, layers=6, heads=6, feed_forward=512, vocabulary=1536),
    "small": Preset(width=320, layers=7, heads=5, feed_forward=864, vocabulary=4096),
}
"""About 0.05, 0.25, 1, 3 and 10 million parameters, smallest first; how many exactly depends on the worlds' words.

Two layers are the least: looking a fact up takes two steps (``lookback``).
"""

MAX_POSITIONS = 4096
ROTARY_BASE = 100_000.0
"""Half of a head's rotary pairs then hardly turn over a transcript, and look at contents alone (``lookback``)."""


def preset(name: str) -> Preset:
    """The preset of that name; ``UnknownName`` suggests the nearest one."""
    if name not in PRESETS:
        raise UnknownName.of("preset", name, PRESETS)
    return PRESETS[name]


def config_for(name: str, vocabulary: int, architecture: Architecture, special: dict[str, Any]) -> PretrainedConfig:
    """The Hugging Face config of a preset for a tokenizer with ``vocabulary`` entries."""
    size = preset(name)
    if architecture == "llama":
        return LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            intermediate_size=size.feed_forward,
            max_position_embeddings=MAX_POSITIONS,
            attention_bias=True,
            rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE},
            tie_word_embeddings=True,
            initializer_range=size.width**-0.5,
            **special,
        )
    if architecture == "mamba2":
        return Mamba2Config(
            vocab_size=vocabulary,
            hidden_size=size.width,
            num_hidden_layers=size.layers + size.layers // 2,
            num_heads=size.width * 2 // 32,
            head_dim=32,
            n_groups=1,
            state_size=32,
            expand=2,
            chunk_size=64,
            tie_word_embeddings=True,
            initializer_range=size.width**-0.5,
            **special,
        )
    raise UnknownName.of("architecture", architecture, ("llama", "mamba2"))
