"""Who shows how a mailbox is kept: somebody careful, and the custom of the office, which always asks first."""

from __future__ import annotations

from forethought.worlds.inbox.mailbox import GONE, INBOX, TRASH, Part, targets, wanted
from forethought.worlds.inbox.state import State, astray
from forethought.worlds.inbox.telling import phrase, selection

GOAL = {"archive": "a", "delete": "t", "purge": "tg", "suggest": "t"}


def careful(state: State) -> str:
    """Asks where the wish is open or leave is needed, looks before the trash is emptied, and then does what is meant.

    What was put away by mistake is brought back first.
    """
    task, last = state.task, state.task.last
    if lost := _astray(state):
        return lost
    for part in task.parts[:-1]:
        if step := _work(state, part):
            return step
    if last.deed == "suggest" and not state.agreed:
        return _leaf(state, last) or f"suggest deleting the mails from {last.which}"
    if task.vague and not state.heard:
        return "ask the user"
    if last.deed == "send" and int(last.which) not in state.drafts:
        return _work(state, last) or "undo"
    if task.until and not state.leave:
        return "ask the user"
    return _work(state, last) or "undo"


def custom(state: State, first: bool) -> str:
    """As somebody careful, but asks before anything else, needed or not, where asking is not forbidden."""
    return "ask the user" if first and not state.task.no_asking else careful(state)


def _astray(state: State) -> str:
    """Brings back a mail that is neither where it was at first nor where the user wants it."""
    places, labels = wanted(state.box, state.task)
    for number in astray(state, places):
        here, there = state.place(number), places[number - 1]
        on_the_way = here in (INBOX, state.box.start[number - 1]) or (here == TRASH and there == GONE)
        if not on_the_way and here != GONE:
            if number in state.view:
                return f"restore mail {number}"
            return "list the trash" if here == TRASH and state.paged else "undo"
    wrong = any(is_ != "0" and is_ != shall for is_, shall in zip(state.labels, labels, strict=True))
    return "undo" if wrong and state.before else ""


def _work(state: State, part: Part) -> str:
    """The next action for one part, "" once it is done."""
    deed = "delete" if part.deed in ("purge", "suggest") else part.deed
    if deed in ("draft", "send"):
        number = int(part.which)
        if number in state.drafts:
            return phrase(part) if deed == "send" and number not in state.sent else ""
        return _reach(state, part, [number]) or f"draft an answer to mail {number}"
    if deed == "empty":
        return _empty(state, frozenset(state.at(TRASH)))
    if deed == "label":
        left = [n for n in targets(state.box, part) if state.labels[n - 1] == "0"]
        return (_reach(state, part, left) or phrase(part)) if left else ""
    if left := [n for n in targets(state.box, part) if state.place(n) not in GOAL[part.deed]]:
        return _reach(state, part, left) or f"{deed} {selection(part)}"
    if part.deed == "purge" and any(state.place(n) == TRASH for n in targets(state.box, part)):
        return _empty(state, targets(state.box, part))
    return ""


def _empty(state: State, own: frozenset[int]) -> str:
    """Empties the trash after looking: what is not to go, and what there is no other copy of, is restored first."""
    away = state.at(TRASH)
    if state.paged and not any(number in state.view for number in away):
        return "list the trash"
    for number in away:
        shut = state.paged and state.box[number].document and number not in state.opened
        if shut and number in state.view:
            return f"open mail {number}"
    purges = {n for part in state.task.parts if part.deed == "purge" for n in targets(state.box, part)}
    keep = [n for n in away if n not in own or (n in state.only_copies(away) and n not in purges)]
    for number in keep:
        return f"restore mail {number}" if number in state.view else "list the trash"
    return "empty the trash"


def _reach(state: State, part: Part, left: list[int]) -> str:
    """Searches for the mails of a part that are left to see to, unless some of them are shown."""
    if not state.paged or any(number in state.view for number in left):
        return ""
    if part.by != "mail":
        return f"search {part.which}"
    mail = state.box[int(part.which)]
    return f"search {mail.sender if part.deed in ('draft', 'send') else mail.subject}"


def _leaf(state: State, part: Part) -> str:
    """Leafs through the inbox for a mail of a part whose sender the user has not named."""
    if not state.paged or any(number in state.view for number in targets(state.box, part)):
        return ""
    return f"list page {state.page + 1}"
