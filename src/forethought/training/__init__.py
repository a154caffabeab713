"""Training: living, replay, updates, checkpoints and exact resume."""

from forethought.training.loop import Moment, train
from forethought.training.run import Run

__all__ = ["Moment", "Run", "train"]
