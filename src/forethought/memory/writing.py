"""How an answer is written: the likeliest token after each row, until it ends, piece by piece for who looks on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import torch

from forethought.models.decoding import Rows


class Ended(StrEnum):
    """How an answer ended: by itself, or because it was as long as it may be."""

    DONE = "done"
    LENGTH = "length"


def write(
    rows: Rows,
    max_new: int,
    ends: Callable[[int], bool],
    is_over: Callable[[list[int]], bool],
    text: Callable[[Sequence[int]], str],
    on_text: Callable[[str], None] | None = None,
) -> list[tuple[list[int], Ended]]:
    """The likeliest tokens after each row, and how each ended; the rows are used up.

    A row ends at a token that ``ends`` it, before one with which it ``is_over``, or after ``max_new``. ``on_text`` gets
    the pieces of the first row, decoded by ``text``.
    """
    out = [list[int]() for _ in range(len(rows))]
    ended = [Ended.LENGTH] * len(rows)
    alive, shown = list(range(len(rows))), ""
    while alive:
        chosen = rows.logits_RV.argmax(-1).tolist()
        going = []
        for place, row in enumerate(alive):
            if ends(chosen[place]) or is_over([*out[row], chosen[place]]):
                ended[row] = Ended.DONE
                continue
            out[row].append(chosen[place])
            if len(out[row]) < max_new:
                going.append(place)
        if on_text is not None:
            shown = _show(on_text, text(out[0]), shown, last=not going)
        if len(going) < len(alive):
            alive, chosen = [alive[place] for place in going], [chosen[place] for place in going]
            if going:
                rows.select(torch.tensor(going, device=rows.device))
        if alive:
            rows.read([(token,) for token in chosen])
    return list(zip(out, ended, strict=True))


def _show(on_text: Callable[[str], None], text: str, shown: str, last: bool) -> str:
    """Passes on what is new of a text, but no character that is only half there; what was passed on so far."""
    whole = text if last else text.rstrip("\ufffd")
    if len(whole) > len(shown):
        on_text(whole[len(shown) :])
        return whole
    return shown
