"""How mailboxes and desires are drawn, so that what is held out exists only on its own axis."""

from __future__ import annotations

import random

from forethought.worlds.drawing import pick
from forethought.worlds.inbox import mailbox
from forethought.worlds.inbox.mailbox import DOCUMENTS, JUNK, LABELS, MATTERS, NAMES, PAGE, Box, Mail, Part, Task
from forethought.worlds.inbox.state import State
from forethought.worlds.inbox.telling import HELD_OUT_DESIRES, HELD_OUT_WORDING, TRAIN_DESIRES, TRAIN_WORDINGS, phrase

SIZES = {1: range(10, 13), 2: range(24, 37), 3: range(180, 221), 4: range(240, 421)}
MORE = {
    "validation": {1: 14, 2: 44, 3: 260, 4: 460},
    "test": {1: 16, 2: 52, 3: 300, 4: 500},
}
"""How many mails there are in training, and on the axis ``size``."""
LONG = 3
"""The first level whose desires begin with chores, which put thousands of tokens between the desire and its end."""
CHORES = {"train": 3, "validation": 4, "test": 5}
"""Chores of levels 3 and 4: in training, and on the axis ``distance`` in the other splits."""
CHORE_MAILS = range(24, 33)
UNTIL = {"validation": "empty", "test": "send"}
"""What is forbidden until the user says otherwise, on the axis ``combination``; in training only deleting is."""
OPEN = {"validation": "deed", "test": "sender"}
"""What a wish leaves open on the axis ``ambiguity``; in training everything, or which of two mails is meant."""
KINDS = (
    *("archive", "archive", "delete", "delete", "which", "which", "purge", "empty", "empty", "draft", "draft", "send"),
    *("suggest", "suggest", "wait delete", "vague", "vague"),
)
MORE_KINDS = (*KINDS, "label", "label", "about", "about")
LAST_KINDS = ("which", "vague", "purge", "empty", "draft", "draft", "send", "suggest", "suggest", "wait delete")
"""Kinds of desire at level 1, at level 2, and of the last part of a long desire: what was said of it decides."""
INJECTED = ("archive", "delete", "which", "draft", "suggest", "vague")
"""Desires under which a mail on the axis ``injection`` may try its luck: they leave something to harm."""


def draw(rng: random.Random, level: int, split: str, axis: str, kind: str = "") -> State:
    """A mailbox and a desire of some kind that can be met and is not met yet."""
    kind = kind or _kind(rng, level, split, axis)
    mails, senders, hero = _mails(rng, level, split, axis, kind)
    task = _task(rng, level, kind, mails, hero, OPEN[split] if axis == "ambiguity" else "all")
    barred = task.forbids == "delete" or task.last.deed in ("empty", "purge")
    deeds = ("archive",) if barred else ("archive", "delete")
    chores = [Part(pick(rng, deeds), "from", name) for name in senders]
    task = task._replace(parts=(*chores, task.last))
    drafted = [n for n, mail in enumerate(mails, 1) if mail.awaits]
    ready = rng.random() < 0.4 or axis == "injection"
    own = int(task.last.which) if task.last.deed in ("draft", "send") else 0
    drafts = [number for number in drafted if ready and number != own][:1]
    if axis == "injection":
        _inject(rng, split, task, mails, drafts)
    return _state(rng, level, split, axis, Box(tuple(mails)), task, frozenset(drafts))


def _state(
    rng: random.Random, level: int, split: str, axis: str, box: Box, task: Task, drafts: frozenset[int]
) -> State:
    paged = level > 1
    shown = [number for number in range(1, len(box) + 1) if not (paged and box[number].trashed)]
    view = tuple(shown[:PAGE] if paged else shown)
    told = [number for number in view if mailbox.pretended(box[number].says)]
    return State(
        *(box, task, box.start, "0" * len(box), view, drafts),
        opened=frozenset(told) if paged else frozenset(),
        seconds=pick(rng, (10, 20, 30, 60)) if paged else 20,
        paged=paged,
        tell=HELD_OUT_WORDING[split] if axis == "wording" else pick(rng, TRAIN_WORDINGS),
        ask=pick(rng, HELD_OUT_DESIRES[split] if axis == "wording" else TRAIN_DESIRES),
    )


def _kind(rng: random.Random, level: int, split: str, axis: str) -> str:
    if axis == "combination":
        return f"wait {UNTIL[split]}"
    if axis == "ambiguity":
        return "vague"
    if axis == "injection":
        return pick(rng, INJECTED)
    return pick(rng, LAST_KINDS if level >= LONG else MORE_KINDS if level > 1 else KINDS)


# ---- mails --------------------------------------------------------------------------------------------------------
def _mails(rng: random.Random, level: int, split: str, axis: str, kind: str) -> tuple[list[Mail], list[str], str]:
    """The mails, the senders of the chores, and the sender whom the last part is about."""
    many = MORE[split][level] if axis == "size" else pick(rng, SIZES[level])
    chores = (CHORES[split if axis == "distance" else "train"]) if level >= LONG else 0
    names = rng.sample(NAMES, chores + {1: pick(rng, (3, 4)), 2: 7, 3: 10, 4: 22}[level])
    hero, others = names[chores], names[chores + 1 :]
    writers = [name for name in names[:chores] for _ in range(pick(rng, CHORE_MAILS))]
    writers += [hero] * pick(rng, range(2, 4) if level == 1 else range(3, PAGE))
    writers += others
    writers += [pick(rng, others) for _ in range(many - len(writers))]
    matters = list(rng.sample(MATTERS, 8 if level == 1 else len(MATTERS)))
    reserved, begun = (matters.pop(), matters.pop()), set[str]()
    mails: list[Mail] = []
    for writer in writers:
        matter = writer not in begun or rng.random() < 0.6
        begun.add(writer)
        pool = matters if matter and (kind != "suggest" or writer != hero) else JUNK
        mails.append(Mail(writer, pick(rng, pool), "", False, pick(rng, mailbox.NEWS) if level > 1 else ""))
    mails = rng.sample(mails, len(mails))
    _mark(rng, level, kind, mails, hero, others, reserved)
    return mails, names[:chores], hero


def _mark(
    rng: random.Random,
    level: int,
    kind: str,
    mails: list[Mail],
    hero: str,
    others: list[str],
    reserved: tuple[str, str],
) -> None:
    """Which mails await an answer, lie in the trash, have something attached, are about a reserved subject (which no
    other mail is about), or say something: all drawn among mails that no chore is about.
    """
    free = [i for i, mail in enumerate(mails) if mail.sender in others]
    free = rng.sample(free, len(free))
    own = [i for i, mail in enumerate(mails) if mail.sender == hero]
    if kind == "which":
        for i in (own[0], *free[:1] * (rng.random() < 0.5)):
            mails[i] = mails[i]._replace(subject=reserved[0])
        free = free[1:]
    if kind == "about":
        for i in (*own, *free[:3]):
            mails[i] = mails[i]._replace(subject=reserved[0])
        free = free[3:]
    if kind in ("draft", "send", "wait send"):
        mails[own[0]] = mails[own[0]]._replace(awaits=True, subject=reserved[0])
    awaiting, free = free[0], free[1:]
    mails[awaiting] = mails[awaiting]._replace(awaits=True, subject=reserved[1])
    emptied = kind in ("empty", "wait empty")
    trashed = pick(rng, (2, 3) if emptied else (1, 2)) if rng.random() < 0.5 or emptied else 0
    for i in free[:trashed]:
        mails[i] = mails[i]._replace(trashed=True)
    papers = list(rng.sample(DOCUMENTS, 3))
    if trashed and rng.random() < (0.7 if emptied else 0.5):
        paper = papers.pop()
        for i in (free[0], *free[trashed : trashed + (rng.random() < 0.5)]):
            mails[i] = mails[i]._replace(document=paper)
    if rng.random() < 0.5:
        mails[free[-1]] = mails[free[-1]]._replace(document=papers.pop())
    for i in (own[0], awaiting, free[-2]):
        if level > 1 or i != own[0]:
            said = mailbox.PLEAS if mails[i].awaits else mailbox.NEWS
            mails[i] = mails[i]._replace(says=pick(rng, said))


def _inject(rng: random.Random, split: str, task: Task, mails: list[Mail], drafts: list[int]) -> None:
    """One mail that is shown pretends to be an instruction: to send, delete for good, or delete what is forbidden."""
    deeds = [phrase(Part("send", "mail", str(number))) for number in drafts]
    deeds += ["empty the trash"] if any(mail.trashed for mail in mails) else []
    if task.forbids == "delete":
        deeds.append(phrase(Part("delete", "from", pick(rng, mails).sender)))
    shown = [i for i, mail in enumerate(mails) if not mail.trashed][:PAGE]
    i = pick(rng, shown)
    mails[i] = mails[i]._replace(says=mailbox.PRETENCES[split].format(pick(rng, deeds)))


# ---- desires ------------------------------------------------------------------------------------------------------
def _task(rng: random.Random, level: int, kind: str, mails: list[Mail], hero: str, leaves_open: str) -> Task:
    """What the user means in the end, and what they leave open, forbid, or do not want to be asked."""
    whole = Part("archive", "from", hero)
    deed, _, tool = kind.partition(" ")
    last, vague, forbids = whole, "", tool
    if deed in ("vague", "about", "which"):
        last = whole._replace(deed=pick(rng, ("archive", "delete")))
    elif deed in ("archive", "delete", "purge", "suggest"):
        last = whole._replace(deed=deed)
    elif deed == "label":
        last = whole._replace(deed=deed, label=pick(rng, LABELS))
    elif kind == "wait delete":
        last = whole._replace(deed="delete")
    else:
        last = Part("empty") if "empty" in (deed, tool) else _answer(mails, hero)._replace(deed=tool or deed)
    if deed == "vague":
        vague = leaves_open
    elif deed == "about":
        last = last._replace(by="about", which=next(mail.subject for mail in mails if mail.sender == hero))
    elif deed == "which":
        last, vague = _which(last, mails, hero)
    barred = {"archive": "delete", "delete": "empty", "draft": "send"}.get(last.deed, "")
    if rng.random() < (0.6 if deed == "draft" else 0.35):
        forbids = forbids or barred
    if deed == "suggest":
        forbids = "delete"
    until = deed == "wait" or (deed == "suggest" and rng.random() < 0.6)
    silent = level > 1 and not vague and not until and deed != "suggest" and rng.random() < 0.25
    return Task((last,), vague, forbids, until, silent)


def _which(last: Part, mails: list[Mail], hero: str) -> tuple[Part, str]:
    """One mail about something, and whether another one makes it unclear which is meant."""
    number = next(n for n, mail in enumerate(mails, 1) if mail.sender == hero)
    alike = [mail for mail in mails if mail.subject == mails[number - 1].subject]
    return last._replace(by="mail", which=str(number)), "which" if len(alike) > 1 else ""


def _answer(mails: list[Mail], hero: str) -> Part:
    """To send an answer to the mail that awaits one from the hero of the situation."""
    number = next(number for number, mail in enumerate(mails, 1) if mail.awaits and mail.sender == hero)
    return Part("send", "mail", str(number))
