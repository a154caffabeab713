"""Training objectives: pure functions from tensors to losses."""

from forethought.objectives.token import TokenLoss, token_loss

__all__ = ["TokenLoss", "token_loss"]
