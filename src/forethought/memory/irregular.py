"""English words whose forms no stemmer joins: a question asks with one ("What did I buy?"), its answer has another."""

from __future__ import annotations

from collections.abc import Iterable

VERBS = """
awake awoke awoken, bear bore borne, beat beaten, become became, begin began begun, bend bent, bite bit bitten,
bleed bled, blow blew blown, break broke broken, bring brought, build built, burn burnt, buy bought, catch caught,
choose chose chosen, cling clung, come came, cost, creep crept, cut, deal dealt, dig dug, draw drew drawn,
dream dreamt, drink drank drunk, drive drove driven, eat ate eaten, fall fell fallen, feed fed, feel felt,
fight fought, find found, fly flew flown, forbid forbade forbidden, forget forgot forgotten, forgive forgave forgiven,
freeze froze frozen, give gave given, go went gone, grow grew grown, hang hung, hear heard, hide hid hidden,
hit, hold held, hurt, keep kept, kneel knelt, know knew known, lay laid, lead led, learn learnt, leave left, lend lent,
light lit, lose lost, make made, mean meant, meet met, mistake mistook mistaken, pay paid, prove proven,
ride rode ridden, ring rang rung, rise rose risen, run ran, say said, see saw seen, seek sought, sell sold, send sent,
sew sewn, shake shook shaken, shine shone, shoot shot, show shown, shrink shrank shrunk, sing sang sung,
sink sank sunk, sit sat, sleep slept, slide slid, smell smelt, speak spoke spoken, spell spelt, spend spent,
spill spilt, spin spun, spoil spoilt, spring sprang sprung, stand stood, steal stole stolen, stick stuck, sting stung,
strike struck, swear swore sworn, sweep swept, swell swollen, swim swam swum, swing swung, take took taken,
teach taught, tear tore torn, tell told, think thought, throw threw thrown, understand understood, wake woke woken,
wear wore worn, weave wove woven, weep wept, win won, withdraw withdrew withdrawn, write wrote written
"""
NOUNS = """
child children, man men, woman women, person people, foot feet, tooth teeth, mouse mice, goose geese,
wife wives, knife knives, shelf shelves, half halves, wolf wolves, loaf loaves, thief thieves
"""
FORMS = {form: group for table in (VERBS, NOUNS) for group in map(str.split, table.split(",")) for form in group}
"""Each form with all of its word, the base form first."""
PASTS = sorted({group[1] for group in map(str.split, VERBS.split(",")) if len(group) > 1})
"""Irregular past tenses."""


def base(word: str) -> str:
    """The form that stands for all of a word, lower case."""
    return FORMS[word][0] if word in FORMS else word


def forms(words: Iterable[str]) -> list[str]:
    """Words, lower case, with their other forms after each."""
    return list(dict.fromkeys(form for word in words for form in (word, *FORMS.get(word, ()))))
