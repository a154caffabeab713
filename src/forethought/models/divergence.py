"""Prediction against outcome: facts, teacher-forced likelihood, and distance in latent space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch.nn.utils.rnn import pad_sequence

from forethought.models.model import Model
from forethought.transcript import Role, Tokens
from forethought.types import Divergence, Fact, Step
from forethought.worlds import World
from forethought.worlds.reading import facts_in


def fact_f1(predicted: Iterable[Fact], actual: Iterable[Fact]) -> float:
    """F1 of predicted against actual facts; 1 when both are empty."""
    left, right = set(predicted), set(actual)
    if not left and not right:
        return 1.0
    return 2 * len(left & right) / (len(left) + len(right))


def fact_divergence(world: World, model: Model, prediction: str, step: Step) -> float:
    """1 - F1 of the changed facts that a prediction states; a world that reads no facts is scored by sentences.

    A prediction that says nothing at all is not the prediction that nothing changes: it is simply wrong.
    """
    said = model.transcript.read_outcome(prediction).text
    actual = step.change if model.transcript.target == "change" else step.outcome
    if not said and actual:
        return 1.0
    return 1.0 - fact_f1(facts_in(world, said), facts_in(world, actual))


def measured(model: Model, world: World, contexts: Sequence[Tokens], steps: Sequence[Step]) -> list[Step]:
    """The steps, each in its context, with their divergences where a prediction was committed and no warning came."""
    found = list(steps)
    told = [i for i, step in enumerate(steps) if step.prediction is not None and not step.warning]
    here = [contexts[i] for i in told], [steps[i] for i in told]
    for i, nll, latent in zip(told, outcome_nll(model, *here), latent_distance(model, *here), strict=True):
        facts = fact_divergence(world, model, steps[i].prediction or "", steps[i])
        found[i] = replace(steps[i], divergence=Divergence(nll=nll, facts=facts, latent=latent))
    return found


@torch.inference_mode()
def latent_distance(model: Model, contexts: Sequence[Tokens], steps: Sequence[Step]) -> list[float | None]:
    """Mean squared distance per dimension from the latent that was expected of each step to that of what happened; all
    ``None`` for a model without latent dynamics.
    """
    if model.latent is None or not steps:
        return [None] * len(steps)
    transcript, latent = model.transcript, model.latent
    state_ERAD, memory = model.states(contexts)
    action_RD = latent.text(model.hidden_at_end([transcript.action_alone(step.action) for step in steps]))
    outcome_RD = latent.text(model.hidden_at_end([transcript.outcome_alone(transcript.outcome_text(s)) for s in steps]))
    expected_ERD = latent.expected(latent.step(state_ERAD, action_RD[:, None], memory))[:, :, 0]
    found: list[float | None] = (expected_ERD - outcome_RD).square().mean((0, 2)).tolist()
    return found


@torch.inference_mode()
def outcome_nll(model: Model, contexts: Sequence[Tokens], steps: Sequence[Step]) -> list[float]:
    """Teacher-forced mean nats per outcome token of each step in its context."""
    if not steps:
        return []
    told = [model.transcript.outcome(step) for step in steps]
    acts = [model.transcript.action(step.action) for step in steps]
    rows = [context + act + outcome for context, act, outcome in zip(contexts, acts, told, strict=True)]
    pad = model.tokenizer.pad_token_id
    ids_BT = pad_sequence([torch.tensor(r.ids, device=model.device) for r in rows], batch_first=True, padding_value=pad)
    mine_BT = torch.zeros_like(ids_BT, dtype=torch.bool)
    for b, (row, outcome) in enumerate(zip(rows, told, strict=True)):
        for t in range(len(row) - len(outcome), len(row)):
            mine_BT[b, t] = row.roles[t] == Role.OUTCOME
    logits_BTV = model.lm(input_ids=ids_BT, use_cache=False).logits[:, :-1].float()
    nll_BT = torch.nn.functional.cross_entropy(logits_BTV.transpose(1, 2), ids_BT[:, 1:], reduction="none")
    mask_BT = mine_BT[:, 1:]
    means: list[float] = ((nll_BT * mask_BT).sum(1) / mask_BT.sum(1).clamp(min=1)).tolist()
    return means
