"""Choosing by imagined consequences; nothing here ever holds a world."""

from forethought.models import Model
from forethought.planning.dynamics import Dynamics, Future, Situation
from forethought.planning.gate import GATE_FILE, Decision, Gate, Trial, fingerprint
from forethought.planning.latent import LatentDynamics
from forethought.planning.search import Option, Planner
from forethought.planning.token import TokenDynamics

__all__ = [
    "GATE_FILE",
    "Decision",
    "Dynamics",
    "Future",
    "Gate",
    "LatentDynamics",
    "Option",
    "Planner",
    "Situation",
    "TokenDynamics",
    "Trial",
    "fingerprint",
    "imagination",
]


def imagination(model: Model) -> Dynamics:
    """The fastest imagination that a model has: in its latent space, or else in words."""
    return TokenDynamics(model) if model.latent is None else LatentDynamics(model)
