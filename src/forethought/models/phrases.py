"""Imagining with a tokenizer that knows no verdict tokens: each verdict is a phrase, judged by its likelihood.

The phrases of a verdict are scored by teacher forcing at the place where it stands and renormalised among each other;
the outcome then goes on (or ends) with the likeliest one, so that verdicts and facts belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from forethought.models.decoding import Ids, Rows, continue_branches, grouped
from forethought.transcript import HARM_FORMS, PROGRESS_FORMS, Transcript

VERDICTS = (*PROGRESS_FORMS.values(), *HARM_FORMS.values())


class Phrased(NamedTuple):
    """What followed one branch, verdict phrases included, and the probabilities of the forms of both verdicts."""

    ids: list[int]
    progress: list[float]
    harm: list[float]


@torch.inference_mode()
def imagine_in_phrases(
    lm: Any,
    transcript: Transcript,
    contexts: Sequence[Ids],
    branches: Sequence[Sequence[Ids]],
    *,
    pad: int,
    max_new: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[Phrased]]:
    """For every branch of every context the facts (greedy, or sampled) and the likeliest verdicts, before or after.

    At most ``max_new`` tokens of facts; 0 asks for the verdicts alone where they stand before the facts.
    """
    stop = transcript.end_ids[0]
    how: dict[str, Any] = {"stop": stop, "temperature": temperature, "generator": generator}
    if transcript.verdict == "before":
        told, rows = branches, Rows.at_contexts(lm, pad, contexts, branches)
    else:
        room = max_new + sum(max(map(len, forms)) for forms in transcript.verdict_ids())
        facts = continue_branches(lm, contexts, branches, pad=pad, max_new=room, **how)
        told = [
            [
                [*branch, *_facts_only(transcript, follows.ids)[:max_new]]
                for branch, follows in zip(*of_context, strict=True)
            ]
            for of_context in zip(branches, facts, strict=True)
        ]
        rows = Rows.at_contexts(lm, pad, contexts, told)
    if rows is None:
        return [[] for _ in contexts]
    rows.read([piece for of_context in told for piece in of_context])
    progress_forms, harm_forms = transcript.verdict_ids()
    progress_RF, progress_R = rows.settle(progress_forms)
    harm_RF, harm_R = rows.settle(harm_forms)
    said = [[*progress_forms[p], *harm_forms[h]] for p, h in zip(progress_R.tolist(), harm_R.tolist(), strict=True)]
    if transcript.verdict == "before":
        ahead = rows.continued([()] * len(said), max_new=max_new, **how)
        ids = [[*verdicts, *follows.ids] for verdicts, follows in zip(said, ahead, strict=True)]
    else:
        flat = [piece[len(b) :] for b, piece in zip(_flat(branches), _flat(told), strict=True)]
        ids = [[*facts_ids, *verdicts] for facts_ids, verdicts in zip(flat, said, strict=True)]
    found = [Phrased(*row) for row in zip(ids, progress_RF.tolist(), harm_RF.tolist(), strict=True)]
    return grouped(found, branches)


def _flat(nested: Sequence[Sequence[Ids]]) -> list[Ids]:
    return [piece for of_context in nested for piece in of_context]


def _facts_only(transcript: Transcript, ids: list[int]) -> list[int]:
    """The ids before the first verdict that was said (all of them if none was)."""
    text = transcript.tokenizer.decode(ids, skip_special_tokens=True)
    starts = [text.index(form) for form in VERDICTS if form in text]
    if not starts:
        return ids
    facts = text[: min(starts)].rstrip()
    end = len(ids)
    while end and len(transcript.tokenizer.decode(ids[:end], skip_special_tokens=True)) > len(facts):
        end -= 1
    return ids[:end]
