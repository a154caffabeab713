"""Everyday facts that are asked for in one word and told in others: "Where do I live?" of "I moved to Oslo"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from forethought.memory.when import WEEKDAYS

HYPONYMS = (
    ("pet pets", "dog dogs puppy cat cats kitten hamster parrot rabbit"),
    ("child children kid kids", "son sons daughter daughters"),
    ("sibling siblings", "brother brothers sister sisters"),
    ("parent parents", "mother father mom mum dad"),
    ("spouse married partner", "husband wife"),
)
"""Words, and those that tell the same and more."""
LIVING = ("live lives living lived reside resides", "moved moving relocated settled live lives living lived")
WORKING = ("work works working worked job employer employed", "joined hired job work works working worked")
"""Words that ask where somebody lives or works, and those that tell it."""
TOLD_BY = {word: tuple(told.split()) for asked, told in (*HYPONYMS, LIVING, WORKING) for word in asked.split()}
ALSO = {word: tuple(asked.split()) for asked, told in HYPONYMS for word in told.split()}
KIND = frozenset("city town country place company firm name names kind".split())  # noqa: SIM905
"""Words of a question that say of what kind the answer is."""
HAVE = "(?:(?:have|has|had|['\u2019]ve|['\u2019]s)\\s+)?(?:(?:just|recently|finally|now|since|already)\\s+)?"
MOVED = re.compile(
    rf"\b{HAVE}(?:moved|relocated)\s+(?:(?:back|away|out|over|up|down)\s+)?(?:from\s+(?:[A-Z]\w+\s+)+)?(?:in)?to\s+"
    rf"(?!(?i:{'|'.join(WEEKDAYS)})\b)"
    r"(?=(?:(?:a|an|our|my|his|her|their|the)\s+)?(?:new\s+)?(?:[A-Z]\w|(?:house|flat|apartment|home)\b))"
)
HIRED = re.compile(
    rf"\b{HAVE}(?:(?:got|took|started|began)\s+(?:a|my)\s+(?:new\s+)?job\s+(?:at|with|as|in)\b|join(?:ed)?(?=\s+[A-Z])"
    r"|(?:been|got|was)\s+hired\s+(?:by|at|as)\b|(?:started|began)\s+(?:working\s+(?:at|for|as|in)\b|(?:at|with)(?=\s+[A-Z])))"
)
LEFT = re.compile(r"\b(?:(?:have|['\u2019]ve)\s+)?(?:left|quit)\s+[^.,;:!?]{1,40}?\s+(?:and|to)\s+(?=start|join|work)")
NEW_ONE = re.compile(
    r"\b(?P<who>I|[Ww]e)(?:['\u2019]ve)?(?:\s+(?:have|just|finally|now|recently))*(?:\s+(?:got|found|bought|chose|set))?\s+an?"
    r"\s+new\s+(?P<what>[a-z]\w*(?:\s+[a-z]\w*)?)(?:\s*[,:]\s*|\s+(?:called|named)\s+|\s+(?=\d))(?=\w)"
)
NOW_MINE = re.compile(
    r"(?P<who>\b(?:(?:Dr|Mr|Mrs|Ms)\.?\s+)?[A-Z][\w'\u2019-]*(?:\s+[A-Z][\w'\u2019-]*)*)\s+is\s+"
    r"(?P<what>(?:now\s+)?(?:my|our|the)\s+new\s+[a-z]\w*(?:\s+[a-z]\w*)?)\b"
)
DEEDS: tuple[tuple[tuple[str, ...], re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (("left", "quit"), LEFT, ""),
    (("moved", "relocated"), MOVED, " live in "),
    (("job", "join", "hired", "started", "began"), HIRED, " work at"),
    (("a new",), NEW_ONE, lambda found: f"{'My' if found['who'] == 'I' else 'Our'} new {found['what']} is "),
    (("my new", "our new", "the new"), NOW_MINE, r"\g<what> is \g<who>"),
)
"""What somebody did, with words one of which says it, and what is so since."""
PLACES = (
    (re.compile(r"\bliv(?:e[sd]?|ing)\s+(?:at|in|near)\b"), LIVING[0].split()),
    (re.compile(r"\bwork(?:s|ed|ing)?\s+(?:as|at|for|in|with)\b"), WORKING[0].split()),
)
"""What says where somebody lives or works, lower case, and the words that this tells."""
SAID = frozenset(f"{LIVING[1]} {WORKING[1]} started".split()) - {"moving", "settled"}
"""Words one of which a text has that says it."""
BETWEEN = (
    "now|just|currently|still|actually|also|both|really|recently|(?:do|does|did)(?:n['\u2019]t)?|not|never|no longer"
)
"""What may stand between who and "live"."""
LIVES = re.compile(
    rf"\b(?:(\w+(?:['\u2019]s)?)\s+)?(?!(?:{BETWEEN})\b)([^\W\d]\w*)(?:\s+(?:{BETWEEN}))*\s+(?:live|work)(?:s|ed|ing)?"
    r"\s+(?:at|in|for|near)\b"
)
"""Who lives or works somewhere: a name or a pronoun, or a noun with whose it is before it."""


def told_by(words: Sequence[str]) -> tuple[str, ...]:
    """Words that tell what a question's one word asks for; none where it has others, which say it better. A name or a
    number beside it may be a value that is asked about ("Do I still live in Hamburg?").
    """
    asks = [word for word in words if word not in KIND]
    known = [word for word in asks if word in TOLD_BY]
    return TOLD_BY[known[0]] if len(known) == 1 and len(asks) <= 2 else ()


def as_state(text: str) -> str:
    """A text that says what is so since somebody moved or was hired: "I live in Oslo" for "I've moved to Oslo"."""
    for words, did, state in DEEDS:
        if any(word in text for word in words):  # a pattern takes ten times as long
            text = did.sub(state, text)
    return text


def implied(text: str, words: Sequence[str]) -> list[str]:
    """What a text tells without the word: ``words`` are all of its own, lower case."""
    found = [also for word in words for also in ALSO.get(word, ())]
    if not SAID.isdisjoint(words):
        state = as_state(text).lower()
        found += [each for where, told in PLACES if where.search(state) for each in told]
    return found


def whose(text: str) -> str | None:
    """Whose home or work a text, lower case, tells first; ``None`` where it tells none."""
    found = LIVES.search(text) if "live" in text or "work" in text else None
    if found is None:
        return None
    return "i" if found[2] in ("i", "we") else f"{found[1] or ''} {found[2]}"
