"""Choosing by imagined consequences; nothing here ever holds a world."""

from forethought.config import Imagination
from forethought.errors import BadSetting
from forethought.models import Model
from forethought.planning.dynamics import Dynamics, Future, Situation
from forethought.planning.gate import GATE_FILE, Decision, Gate, Trial, fingerprint
from forethought.planning.guided import GuidedDynamics
from forethought.planning.latent import LatentDynamics
from forethought.planning.search import Option, Planner
from forethought.planning.token import TokenDynamics

__all__ = [
    "GATE_FILE",
    "Decision",
    "Dynamics",
    "Future",
    "Gate",
    "GuidedDynamics",
    "Imagination",
    "LatentDynamics",
    "Option",
    "Planner",
    "Situation",
    "TokenDynamics",
    "Trial",
    "fingerprint",
    "imagination",
]


def imagination(model: Model, kind: Imagination | None = None, samples: int = 1, seed: int = 0) -> Dynamics:
    """A model's imagination: in ``words``; ``guided``, the same with costs and distances from its latent dynamics; or
    ``latent``, without words and many times as fast. By default guided, or in words for a model without latent
    dynamics.

    ``samples`` outcomes are drawn in words for each action, from ``seed``; 1: the likeliest alone.
    """
    kind = kind or ("words" if model.latent is None else "guided")
    if kind == "latent":
        if samples != 1:
            raise BadSetting(f"{samples} samples of an outcome; latent imagination draws none, so leave them at 1")
        return LatentDynamics(model)
    return (TokenDynamics if kind == "words" else GuidedDynamics)(model, samples, seed)
