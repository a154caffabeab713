"""One table of templates serves rendering and reading."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forethought.types import NOTHING, UNREADABLE, Fact
from forethought.worlds.grammar import Grammar

GRAMMAR = Grammar(
    {
        "at": ("The {0} is at {1}.", "At {1} you find the {0}."),
        "colour": ("The {0} looks {1}.", "{1} is the {0}."),
        "alarm": ("There is an alarm!",),
    }
)
WORD = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8})?", fullmatch=True)


def test_a_fact_is_said_in_its_wordings_and_the_last_serves_for_those_beyond() -> None:
    fact = ("at", "dog", "home")
    assert [GRAMMAR.say(fact, n) for n in range(3)] == [
        "The dog is at home.",
        "At home you find the dog.",
        "At home you find the dog.",
    ]
    assert GRAMMAR.say(("alarm",), 5) == "There is an alarm!"


def test_no_facts_are_told_as_nothing_and_nothing_reads_as_no_facts() -> None:
    assert GRAMMAR.tell([]) == GRAMMAR.change(()) == NOTHING
    assert GRAMMAR.read(NOTHING) == GRAMMAR.read("") == GRAMMAR.read("  ") == frozenset()


def test_a_change_is_told_in_the_first_wording() -> None:
    facts: tuple[Fact, ...] = (("at", "dog", "home"), ("colour", "dog", "brown"))
    assert GRAMMAR.change(facts) == GRAMMAR.tell(facts, 0) == GRAMMAR.change(facts)


@given(st.lists(st.tuples(st.sampled_from(["at", "colour"]), WORD, WORD), max_size=5), st.integers(0, 1))
def test_whatever_is_told_reads_back(facts: list[Fact], wording: int) -> None:
    assert GRAMMAR.read(GRAMMAR.tell(facts, wording)) == frozenset(facts)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for fact in GRAMMAR.read(text):
        assert fact[0] in (UNREADABLE, *GRAMMAR.sentences)


def test_what_no_template_explains_is_one_unreadable_fact_per_sentence() -> None:
    facts = GRAMMAR.read("The dog is at home. Colourless ideas sleep. The dog is at")
    assert facts == {("at", "dog", "home"), (UNREADABLE, "Colourless ideas sleep."), (UNREADABLE, "The dog is at")}
