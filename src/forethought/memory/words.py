"""What a text is looked up by: its words and sentences; what a question asks with, and of whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from forethought.memory.irregular import PASTS

STOP = frozenset(
    """
a about all also am an and any are as at be because been before being but by can could d did do does doing done for
from get got had has have having he her hers him his how i if in into is it its just ll m may me might mine must my no
nor not of on or our ours re s shall she should so some such t than that the their theirs them then there these they
this those to too us ve very was we were what when where which who whom whose why will with would you your yours
""".split()  # noqa: SIM905
)
"""Words of a question that say what kind of answer is wanted, not what it is about."""
FORMER = re.compile(
    r"\b(before|earlier|original(ly)?|previous(ly)?|used? to|history|former(ly)?|initial(ly)?|at first|back then|"
    r"(my|our|your|his|her|its|their) old)\b"
)
PERHAPS = re.compile(r"\b(first|all|(?<!how )old)\b")
"""Words that ask for the past where the question is in the past tense."""
PAST = re.compile(rf"\b(was|were|did|had|\w{{3,}}ed|{'|'.join(PASTS)})\b")
WORD = re.compile(r"\w+")
END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])\s*|\n+")
SIGN = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f])")
"""Chinese characters and Japanese kana: written without spaces, so each is looked up as a word."""
LONG, MOST, EVERY = 600, 4095, 1 << 20
"""Characters of a sentence, beyond which it is cut; sentences of a turn that have a number; more than any turn has."""
SAYING = frozenset(
    """
say says said tell tells told talk talked speak spoke mention mentions mentioned discuss discussed happen happens
happened write wrote
""".split()  # noqa: SIM905
)
"""Words of a question that ask what was said, whatever it was about."""
NOW = frozenset({"now", "current", "currently", "latest", "newest", "recent", "recently", "still", "anymore"})
THEN = frozenset({"before", "earlier", "previously", "formerly", "originally", "initially"})
OWN = frozenset({"my", "mine"})
BACK = frozenset(
    """
he her hers him his it its one ones she that their theirs them these they this those
""".split()  # noqa: SIM905
)
OPENING = re.compile(r"\s*(and|but|or|what about|how about|what else|also|same)\b")
"""How a question begins that goes on with what was asked before."""
FIRST_PERSON = frozenset({"i", "me", "my", "mine", "myself"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart: what to look up, the speakers (numbers) it is about, whether it asks for the past."""

    text: str
    words: tuple[str, ...]
    speakers: frozenset[int]
    history: bool
    topic: tuple[str, ...]
    """What it is about: the words to look up, without verbs of saying."""
    saying: bool
    """Whether it has such a verb."""


def indexed(text: str) -> str:
    """A text as SQLite takes it: NULs and lone surrogates, which its texts cannot hold, are spaces."""
    return re.sub("[\x00\ud800-\udfff]", " ", text)


def spaced(text: str) -> str:
    """A text as the words' index has it: with spaces around what is written without any."""
    return indexed(text) if text.isascii() else SIGN.sub(r" \1 ", indexed(text))


def all_words(text: str) -> list[str]:
    """The words of a text, lower case."""
    return WORD.findall(spaced(text).lower())


def sentences(text: str, most: int = MOST) -> list[str]:
    """The sentences of a text; a long one in parts, and by default no more than can be numbered."""
    parts: list[str] = []
    for sentence in END.split(indexed(text)):
        sentence = sentence.strip()
        while len(sentence) > LONG:
            cut = sentence.rfind(" ", LONG // 2, LONG)
            cut = LONG if cut < 0 else cut
            parts.append(sentence[:cut].strip())
            sentence = sentence[cut:].strip()
        parts.append(sentence)
    return [part for part in parts if part][:most]


def words_of(text: str) -> list[str]:
    """The words of a text, lower case, without stop words."""
    return [word for word in all_words(text) if word not in STOP]


def of_speaker(text: str) -> bool:
    """Whether a text tells of something that is its speaker's."""
    return bool(OWN & set(all_words(text)))


def points_back(text: str) -> bool:
    """Whether a question has words that only what was said before it explains ("its", "hers", "and ..?")."""
    return not BACK.isdisjoint(all_words(text)) or OPENING.match(text.lower()) is not None


def which_value(word: str) -> bool:
    """Whether a word of a question asks for a former or the present value; what tells the value may lack it."""
    return word in NOW or bool(FORMER.fullmatch(word) or PERHAPS.fullmatch(word))


def of_the_past(text: str) -> bool:
    """Whether a question asks for what was, or for all there was, and not for the latest value."""
    text = text.lower()
    return bool(FORMER.search(text) or (PERHAPS.search(text) and PAST.search(text)))


def take_apart(text: str, speakers: Mapping[str, int], asker: str) -> Question:
    """A question's parts; ``speakers`` are known names (lower case) with their numbers, ``asker`` is who "I" is.

    Names of speakers say whose turns to prefer; as words they would find those who call them by name.
    """
    tokens = all_words(text)
    about: set[int] = set()
    named: set[str] = set()
    for name, number in speakers.items():
        parts = all_words(name)
        if parts and any(tokens[i : i + len(parts)] == parts for i in range(len(tokens))):
            about.add(number)
            named.update(parts)
        elif len(parts) > 1 and len(parts[0]) > 2 and parts[0] in tokens:  # a first name alone
            about.add(number)
            named.add(parts[0])
    if asker.lower() in speakers and FIRST_PERSON & set(tokens):
        about.add(speakers[asker.lower()])
    topic = tuple(token for token in tokens if token not in STOP | SAYING | named)
    return Question(
        text=text,
        words=_words(tokens, named),
        speakers=frozenset(about),
        history=of_the_past(text),
        topic=topic,
        saying=not SAYING.isdisjoint(tokens),
    )


def in_context(asked: Question, said: str, speakers: Mapping[str, int]) -> Question:
    """A question that points back, with what was said before it: it is about that too."""
    context = take_apart(said, speakers, "")
    return replace(
        asked,
        words=tuple(dict.fromkeys((*asked.words, *context.words))),
        topic=tuple(dict.fromkeys((*asked.topic, *context.topic))),
        speakers=asked.speakers or context.speakers,
    )


def _words(tokens: list[str], named: Iterable[str]) -> tuple[str, ...]:
    """What to look up: content words without names; where none is left, the names; then anything."""
    content = [token for token in tokens if token not in STOP]
    about = [token for token in content if token not in set(named)]
    told = [token for token in about if token not in NOW | THEN]
    return tuple(dict.fromkeys(told or about or content or tokens))


def match(words: Iterable[str]) -> str:
    """An FTS5 query that any of the words satisfies."""
    return " OR ".join(f'"{word}"' for word in words)
