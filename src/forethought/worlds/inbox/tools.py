"""Which tools make sense in a moment, judged by what can be seen and by what the user has said."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from forethought.worlds.inbox.mailbox import ARCHIVE, INBOX, LABELS, PAGE, TRASH, Mail, Part
from forethought.worlds.inbox.state import State

AT_HAND = 4
"""How many senders deeds are offered for, above level 1: first those that the user has named."""
FEW = 3
"""How many mails are offered to be opened, or to be restored at level 1."""


def options(state: State) -> tuple[str, ...]:
    """Deeds for the mails that are shown, answers, the user, and above level 1 ways to look further."""
    known, mails = said(state), state.box.mails
    here = [number for number in state.view if state.places[number - 1] == INBOX]
    present = dict.fromkeys([mails[n - 1].sender for n in here])
    named = [part.which for part in known if part.by == "from" and part.which in present]
    names = list(dict.fromkeys([*named, *present]))
    actions = list(_deeds(tuple(names[:AT_HAND] if state.paged else names)))
    for part in known:
        actions += _particular(state, part, here, present)
    actions += [f"restore mail {number}" for number in _restorable(state)]
    if state.task.last.deed == "suggest":
        actions += [f"suggest deleting the mails from {name}" for name in names]
    actions += [f"draft an answer to mail {n}" for n in here if mails[n - 1].awaits and n not in state.drafts]
    actions += [f"send the answer to mail {number}" for number in sorted(state.drafts - state.sent)]
    if state.before is not None:
        actions.append("undo")
    if state.paged:
        actions += _looks(state, known, here)
    return tuple(dict.fromkeys([*actions, "empty the trash", "ask the user"]))


def said(state: State) -> list[Part]:
    """The parts of the task that the user has named so far."""
    task = state.task
    hidden = not state.heard and task.vague in ("all", "sender")
    if hidden or (task.last.deed == "suggest" and not state.agreed):
        return list(task.parts[:-1])
    return list(task.parts)


@lru_cache(maxsize=4096)
def _deeds(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([f"{verb} the mails from {name}" for name in names for verb in ("archive", "delete")])


def _particular(state: State, part: Part, here: list[int], present: Collection[str]) -> list[str]:
    """What only the wish gives reason to: single mails, mails about something, labels."""
    mails, actions = state.box.mails, list[str]()
    if part.deed == "label" and part.which in present:
        other = LABELS[LABELS.index(part.label) - 1]
        actions += [f"label the mails from {part.which} as {label}" for label in (part.label, other)]
    if part.by == "about" and any(mails[n - 1].subject == part.which for n in here):
        actions += [f"{verb} the mails about {part.which}" for verb in ("archive", "delete")]
    if part.by == "mail" and part.deed in ("archive", "delete"):
        subject = mails[int(part.which) - 1].subject
        same = [n for n in here if mails[n - 1].subject == subject][:FEW]
        actions += [f"{verb} mail {n}" for n in same for verb in ("archive", "delete")]
    return actions


def _restorable(state: State) -> list[int]:
    """Mails to save from the trash, first those that the user threw away, then what was put away since."""
    away = [n for n in state.view if state.places[n - 1] in (TRASH, ARCHIVE)]
    return sorted(away, key=lambda n: not state.box[n].trashed)[: PAGE if state.paged else FEW]


def _looks(state: State, known: list[Part], here: list[int]) -> list[str]:
    """Searches for what was named or found, the next and the first page, the trash, and a few mails to open."""
    mails, terms = state.box.mails, list[str]()
    for part in known:
        terms.append(_term(part, mails))
    shut = [n for n in state.view if n not in state.opened and state.place(n) in (INBOX, TRASH)]
    terms += [mails[n - 1].document for n in state.view if n in state.opened]
    terms += [mails[n - 1].sender for n in here[:2]]
    shut.sort(key=lambda n: not mails[n - 1].document)
    turns = [state.page + 1] if state.page and state.places.count(INBOX) > PAGE * state.page else []
    turns += [1] if state.page != 1 else []
    actions = [f"search {term}" for term in dict.fromkeys(terms) if term]
    actions += [f"list page {page}" for page in turns]
    return [*actions, "list the trash", *(f"open mail {number}" for number in shut[:FEW])]


def _term(part: Part, mails: tuple[Mail, ...]) -> str:
    """What to search for to find the mails of a part."""
    if part.by != "mail":
        return part.which
    mail = mails[int(part.which) - 1]
    return mail.sender if part.deed in ("draft", "send") else mail.subject
