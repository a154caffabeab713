"""Objectives in latent space: predict the latent of what an action causes, without letting the latents collapse.

N latents, D their width, M random directions, K different actions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REACH, POINTS = 5.0, 17
"""The characteristic functions are compared at so many points from 0 to this frequency."""


def prediction_loss(predicted_ND: Tensor, target_ND: Tensor, *, stop_gradient: bool = False) -> Tensor:
    """Mean squared distance per dimension between predicted latents and those of what really happened.

    With ``stop_gradient`` the targets are taken as given; without it they are trained too, and something like
    ``sigreg`` has to keep them from collapsing. No latents at all cost nothing.
    """
    if predicted_ND.shape != target_ND.shape:
        raise ValueError(f"predicted {tuple(predicted_ND.shape)} and target {tuple(target_ND.shape)} differ in shape")
    if not len(predicted_ND):
        return predicted_ND.sum()
    return F.mse_loss(predicted_ND.float(), (target_ND.detach() if stop_gradient else target_ND).float())


def sigreg(latent_ND: Tensor, directions: int = 256, generator: torch.Generator | None = None) -> Tensor:
    """How far the latents are from an isotropic Gaussian (sketched, LeJEPA: Balestriero and LeCun 2025,
    arXiv:2511.08544).

    Along each of ``directions`` random unit vectors the Epps-Pulley statistic compares the characteristic function of
    the N projections with the standard normal one; the mean over directions is returned. It does not shrink with N:
    latents that are Gaussian give a value of the order of one, latents in a single point one in proportion to N.
    """
    if latent_ND.ndim != 2:
        raise ValueError(f"latents have shape {tuple(latent_ND.shape)}; expected (N, D)")
    if not len(latent_ND):
        return latent_ND.sum()
    shape = (latent_ND.shape[1], directions)
    direction_DM = torch.randn(shape, generator=generator, device=generator.device if generator else latent_ND.device)
    direction_DM = F.normalize(direction_DM, dim=0).to(latent_ND.device)
    return epps_pulley(latent_ND.float() @ direction_DM).mean()


def epps_pulley(value_NM: Tensor) -> Tensor:
    """The Epps-Pulley statistic of each column against the standard normal distribution (M).

    N times the integral, over all frequencies t, of the squared distance between the empirical characteristic function
    and exp(-t^2 / 2), weighted with exp(-t^2 / 2); by the trapezoid rule over the half that symmetry leaves.
    """
    t_P = torch.linspace(0.0, REACH, POINTS, device=value_NM.device)
    normal_P = torch.exp(-t_P.square() / 2)
    angle_NMP = value_NM[:, :, None] * t_P
    real_MP, imaginary_MP = torch.cos(angle_NMP).mean(0), torch.sin(angle_NMP).mean(0)
    distance_MP = (real_MP - normal_P).square() + imaginary_MP.square()
    return len(value_NM) * 2.0 * torch.trapezoid(distance_MP * normal_P, t_P, dim=-1)


def inverse_dynamics_loss(guess_ND: Tensor, action_KD: Tensor, which_N: Tensor, temperature: float = 0.1) -> Tensor:
    """Which action was it? Mean nats of the true one (``which_N``) among K different actions, by the cosine of a guess
    and the actions' latents.

    ``guess_ND`` is read off a latent and what followed it. Blind guessing costs log K.
    """
    logits_NK = F.normalize(guess_ND.float(), dim=1) @ F.normalize(action_KD.float(), dim=1).T / temperature
    return F.cross_entropy(logits_NK, which_N) if len(which_N) else guess_ND.sum()


def effective_rank(latent_ND: Tensor) -> float:
    """How many directions the latents really use, from 1 to D: the exponential of the entropy of their singular values
    (Roy and Vetterli 2007), about their mean.
    """
    values = torch.linalg.svdvals(latent_ND.detach().float() - latent_ND.detach().float().mean(0))
    share = values / values.sum().clamp_min(1e-12)
    return float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum()))
