"""A moment in the mailbox, what of it can be seen, and whether it is as the user wants it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from forethought.types import Fact
from forethought.worlds.inbox.mailbox import ARCHIVE, GONE, INBOX, LABELS, PLACES, TRASH, Box, Task, targets, wanted
from forethought.worlds.inbox.telling import GRAMMAR, phrase

Before = tuple[str, str, frozenset[int]]
"""What ``undo`` brings back: places, labels and drafts."""


class State(NamedTuple):
    """A moment in the mailbox.

    ``places`` and ``labels``: a character for each mail. ``view``: the mails that are shown, which deeds reach.
    ``heard``: the user has said what a vague wish means; ``leave``: what was forbidden until then is allowed;
    ``agreed``: whose mails the user agreed to part with. ``before``: what undo brings back, ``()`` where the last deed
    cannot be undone, ``None`` before any. ``paged``: above level 1, where not everything is shown; ``page``: which page
    of the inbox is shown, 0 for anything else.
    """

    box: Box
    task: Task
    places: str
    labels: str
    view: tuple[int, ...]
    drafts: frozenset[int] = frozenset()
    sent: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()
    heard: bool = False
    leave: bool = False
    agreed: str = ""
    emptied: bool = False
    before: Before | tuple[()] | None = None
    seconds: int = 20
    paged: bool = False
    page: int = 1
    tell: int = 0
    ask: int = 0

    def place(self, number: int) -> str:
        """Where a mail lies."""
        return self.places[number - 1]

    def at(self, place: str) -> list[int]:
        """The mails that lie somewhere."""
        return [number for number, here in enumerate(self.places, 1) if here == place]

    def only_copies(self, numbers: Iterable[int]) -> list[int]:
        """Those of some mails with a document of which there would be no copy left without them."""
        going = {number for number in numbers if self.box[number].document}
        staying = {self.box[n].document for n in self._with_document() if n not in going and self.place(n) != GONE}
        return sorted(number for number in going if self.box[number].document not in staying)

    def _with_document(self) -> list[int]:
        return [number for numbers in self.box.by_document.values() for number in numbers]


def permission(state: State, tool: str) -> str:
    """How deleting, emptying the trash or sending stands to the user's word: asked, silent, forbidden or until."""
    task = state.task
    if task.forbids == tool:
        return "until" if task.until else "forbidden"
    deeds = {"delete": ("delete", "purge"), "empty": ("empty", "purge"), "send": ("send",)}[tool]
    return "asked" if any(part.deed in deeds for part in task.parts) else "silent"


def permitted(state: State, tool: str, numbers: Iterable[int]) -> bool:
    """Whether a word of the user allows to delete, send or lose for good these mails."""
    task = state.task
    if task.forbids == tool:
        own = frozenset(state.at(TRASH)) if task.last.deed == "empty" else targets(state.box, task.last)
        return task.until and state.leave and own.issuperset(numbers)
    if tool == "delete":
        return True  # a mail in the trash can be restored
    allowed: set[int] = set()
    for part in task.parts:
        if part.deed == "empty" and tool == "empty":
            return True
        if part.deed == {"empty": "purge", "send": "send"}[tool]:
            allowed |= targets(state.box, part)
    return allowed.issuperset(numbers)


def is_met(state: State) -> bool:
    """Whether everything is as the user wants it: what was asked for is done, and no other mail was put away."""
    box, task = state.box, state.task
    for part in task.parts:
        if part.deed in ("draft", "send") and int(part.which) not in (state.drafts, state.sent)[part.deed == "send"]:
            return False
        if part.deed == "suggest" and state.agreed != part.which:
            return False
        if part.deed == "empty" and (not state.emptied or TRASH in state.places):
            return False
    places, labels = wanted(box, task)
    return labels == state.labels and (places == state.places or not astray(state, places))


def astray(state: State, places: str) -> list[int]:
    """The mails that lie elsewhere than ``places`` says; what the user threw away may be saved at any time."""
    return [
        number
        for number, (here, there, first) in enumerate(zip(state.places, places, state.box.start, strict=True), 1)
        if here != there and not (first == TRASH and here in (INBOX, ARCHIVE))
    ]


def seen(state: State) -> tuple[Fact, ...]:
    """The mails that are shown, then answers, what the user has said, and what a question costs."""
    facts = [fact for group in _shown(state) for fact in group]
    return (*facts, *_standing(state))


def text(state: State) -> str:
    """What is seen, as sentences; what is seen of one mail recurs, so its sentences are kept."""
    parts = [_sentences(group, state.tell) for group in _shown(state)]
    standing = _standing(state)
    return " ".join([*parts, GRAMMAR.tell(standing, state.tell)] if standing else parts)


def truth(state: State) -> frozenset[Fact]:
    """Everything that is true: of every mail where it lies, what is attached to it, and what it says."""
    facts: list[Fact] = list(_standing(state))
    for number in range(1, len(state.box) + 1):
        facts.append(state.box.line(number))
        facts += of_mail(state, number, True)
        if state.place(number) == INBOX:
            facts.append(("in", str(number), "inbox"))
    return frozenset(facts)


def of_mail(state: State, number: int, opened: bool) -> tuple[Fact, ...]:
    """What is known of a mail beside its line: more once it is opened. That it lies in the inbox goes without saying,
    but for mails that were in the trash at first.
    """
    mail = state.box[number]
    place, label = state.place(number), state.labels[number - 1]
    away = place != INBOX or mail.trashed
    if not opened and not away and label == "0" and not mail.document and not mail.awaits:
        return ()
    n = str(number)
    facts: list[Fact] = []
    if away:
        facts.append(("gone", n) if place == GONE else ("in", n, PLACES[place]))
    if place != GONE:
        facts += [("label", n, LABELS[int(label) - 1])] if label != "0" else []
        facts += [("clip", n)] if mail.document and state.paged else []
        facts += [("holds", n, mail.document)] if mail.document and opened else []
        facts += [("awaits", n)] if mail.awaits and number not in state.sent else []
        facts += [("says", n, mail.says)] if mail.says and opened else []
    return tuple(facts)


def _shown(state: State) -> list[tuple[Fact, ...]]:
    line, opened = state.box.line, state.opened
    return [(line(n), *of_mail(state, n, not state.paged or n in opened)) for n in state.view]


def _standing(state: State) -> tuple[Fact, ...]:
    """What can be seen whatever is shown."""
    facts: list[Fact] = [("draft", str(number)) for number in sorted(state.drafts - state.sent)]
    facts += [("sent", str(number)) for number in sorted(state.sent)]
    facts += [("said", phrase(state.task.last))] if state.heard else []
    facts += [("leave", phrase(state.task.last))] if state.leave else []
    return (*facts, ("seconds", str(state.seconds))) if state.paged else tuple(facts)


@lru_cache(maxsize=65_536)
def _sentences(facts: tuple[Fact, ...], wording: int) -> str:
    return GRAMMAR.tell(facts, wording)
