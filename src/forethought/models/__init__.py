"""Causal language models that predict the consequences of their own actions."""

from forethought.models.hearing import Heard
from forethought.models.model import Imagined, Model
from forethought.models.presets import PRESETS
from forethought.models.scan import enable_stateful_scan
from forethought.models.state import State, restore, snapshot
from forethought.models.tokenizer import train_tokenizer, training_texts

__all__ = [
    "PRESETS",
    "Heard",
    "Imagined",
    "Model",
    "State",
    "enable_stateful_scan",
    "restore",
    "snapshot",
    "train_tokenizer",
    "training_texts",
]
