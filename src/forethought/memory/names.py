"""Of whom a text tells: names, known by their capital letters. A text without any has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from forethought.memory.when import MONTHS, WEEKDAYS
from forethought.memory.words import STOP, WORD, sentences

READ = 2000
"""Characters of a text that are looked at."""
LONGEST = 4
"""Words of a name; more capital letters in a row are no name."""
BEFORE_NAME = frozenset({"", "of", "for", "that", "and", "but", "if", "because", "do", "does", "did", *",.!;:"})
"""What stands before the name of whoever something is told of, and not before a name that is told ("in Paris")."""
NO_VERB = frozenset(
    """
a an the this that these those my our your his her its their i we you he she it they is at in on to by with from and or
""".split()  # noqa: SIM905
)
"""What does not follow the first word of a sentence where that is a name, nor a name in a list."""
NO_NAME = STOP | MONTHS.keys() | WEEKDAYS.keys()
TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "frau", "herr", "uncle", "aunt"})
WANTED = 4
"""Names of a question that are looked at."""
BETWEEN = r"\W+"
TOKEN = re.compile(r"\w+|[^\w\s]")


def names(text: str) -> list[tuple[str, ...]]:
    """The names in a text, lower case: words with capital letters in a row, but not one that only begins a sentence."""
    found: list[tuple[str, ...]] = []
    for sentence in sentences(text[:READ]):
        if sentence.isupper():
            continue
        for part in re.split(r"[^\w\s'-]+", sentence):
            run: list[str] = []
            for place, word in enumerate([*WORD.findall(part), ""]):
                if word[:1].isupper() and word.lower() not in STOP:
                    run.append(word.lower())
                    continue
                alone = len(run) == 1 and place == 1 and sentence.startswith(part)
                if run and not alone and len(run) <= LONGEST:
                    found.append(tuple(run))
                run = []
    return list(dict.fromkeys(found))


def asked_of(question: str) -> list[tuple[str, ...]]:
    """The names in a question; none where all its words begin with capitals, as in a title."""
    words = WORD.findall(question)[1:]
    return [] if any(word[:1].isupper() and word.lower() in STOP - {"i"} for word in words) else names(question)


def of_others(one: str, other: str) -> bool:
    """Whether two texts tell of two people, by name."""
    of, of_other = set(of_whom(one)), set(of_whom(other))
    return bool(of and of_other) and of.isdisjoint(of_other)


def of_whom(text: str) -> Iterator[tuple[str, ...]]:
    """The names of those of whom a text tells: words with capital letters after "of" or "for", before "'s", or where a
    sentence or a part of it begins, perhaps with "my friend", and goes on with a verb.
    """
    tokens = ["", *TOKEN.findall(text[:READ]), "", ""]
    place = 1
    while place < len(tokens):
        start = place
        while tokens[place][:1].isupper() and tokens[place].lower() not in NO_NAME:
            place += 1
        if place > start:
            before, after = tokens[start - 1].lower(), tokens[place]
            owns = after in ("'", "\u2019") and tokens[place + 1] == "s"
            mine = tokens[max(start - 2, 0)].lower() in ("my", "our") and before.islower()
            begins = after[:1].islower() and after not in NO_VERB - ({"is"} if mine or place > start + 1 else set())
            if owns or (begins and (mine or before in BEFORE_NAME)) or before in ("of", "for"):
                yield tuple(token.lower() for token in tokens[start:place])
        place += 1


def elsewhere(
    texts: Mapping[int, str],
    wanted: Iterable[tuple[str, ...]],
    worth: Mapping[str, float],
    tells: Callable[[str], Iterable[str]],
) -> set[int]:
    """Which texts tell of others what the ones that name the wanted tell of them: by whole names (of two words or more)
    of somebody who has or does something, and of nobody who is named together with the wanted, or with one of these.

    ``tells`` gives the words of the question that a text has, and ``worth`` their weights: at least half of it is told
    with one of the wanted too. None where no text names one of these.
    """
    whole = list(filter(is_whole, wanted))[:WANTED]
    called = [re.compile(rf"\b{BETWEEN.join(map(re.escape, name))}\b", re.IGNORECASE) for name in whole]
    about = {i for i, text in texts.items() if any(name.search(text, 0, READ) for name in called)}
    named = {i: names(text) for i, text in texts.items() if i not in about} if about else {}
    left = {i: set(filter(is_whole, named[i])) for i in named if _of_another(texts[i], named[i], whole)}
    if not left:
        return set()
    of_wanted = {name for i in about for name in names(texts[i])}
    near = {name[0] for name in of_wanted if not is_whole(name)}
    left = {i: found for i, found in left.items() if near.isdisjoint(word for name in found for word in name)}
    known = set(filter(is_whole, of_wanted))
    while led := {i for i, found in left.items() if not known.isdisjoint(found)}:
        known.update(*(left.pop(i) for i in led))
    parts = {word for name in whole for word in name}
    told = set[str]().union(*(tells(texts[i]) for i in about)) - parts

    def is_told(text: str) -> bool:
        words = set(tells(text)) - parts
        return 2 * sum(worth[word] for word in words & told) >= sum(worth[word] for word in words)

    return {i for i in left if is_told(texts[i])}


def is_whole(name: tuple[str, ...]) -> bool:
    """Whether a name has two words or more."""
    return len(name) > 1


def _of_another(text: str, named: Sequence[tuple[str, ...]], whole: Sequence[tuple[str, ...]]) -> bool:
    """Whether a text tells of a person by another whole name, and of none by a part of the names that are wanted
    ("Ann", "Mrs Lee", "Ann Marie Lee", "yesterday Ann ..." for Ann Lee); ``named`` are all names in it.
    """
    found = set(of_whom(text))
    single = {name[0] for name in (*found, *named) if not is_whole(name)}
    if any(single.intersection(name) for name in whole):
        return False
    parts = [(name, one) for name in filter(is_whole, found) for one in whole]
    if any(name[-1] == one[0] or (name[-1] == one[-1] and name[0] in (one[0], *TITLES)) for name, one in parts):
        return False
    return bool(parts)
