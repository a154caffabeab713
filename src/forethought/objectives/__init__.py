"""Training objectives: pure functions from tensors to losses."""

from forethought.objectives.latent import effective_rank, epps_pulley, inverse_dynamics_loss, prediction_loss, sigreg
from forethought.objectives.token import TokenLoss, token_loss

__all__ = [
    "TokenLoss",
    "effective_rank",
    "epps_pulley",
    "inverse_dynamics_loss",
    "prediction_loss",
    "sigreg",
    "token_loss",
]
