"""Recall: the turns that a question needs, cited, within the budget, the latest value first."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from forethought.errors import BadSetting, Damaged
from forethought.memory import Memory, Said
from forethought.memory.embed import Vectors, choose
from forethought.memory.index import nearest, signs
from forethought.memory.memory import best_threshold
from forethought.memory.when import span
from forethought.memory.words import sentences

LOCOMO = Path(__file__).resolve().parents[3] / "shared" / "data" / "locomo-dev"
DAY = datetime(2024, 5, 31, 18, 30, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    memory = Memory.open(tmp_path / "chat.sqlite", embed="lexical")
    for i in range(150):
        memory.extend([Said("user", f"Today I cleaned room {i} and it took a while.", DAY, "chores")])
    return memory


def first(memory: Memory, question: str, **options: str) -> str:
    return memory.search(question, 1, **options)[0].turn.text  # type: ignore[arg-type]


def test_a_fact_among_many_is_found_and_cited(memory: Memory) -> None:
    number = memory.append("user", "My locker code is 4821.", at=DAY)
    passage = memory.recall("What is my locker code?", budget_tokens=60)
    assert f"[{number}] 2024-05-31 18:30 user: My locker code is 4821." in passage.text.splitlines()
    assert passage.tokens <= 60 and not passage.abstain and passage.found_by == "lexical"
    cited = {int(n) for n in re.findall(r"^\[(\d+)\]", passage.text, re.MULTILINE)}
    assert cited == {line.turn.id for line in passage.lines}


def test_another_form_of_the_word_is_found(memory: Memory) -> None:
    memory.append("user", "We adopted two puppies.")
    assert "puppies" in first(memory, "Which puppy was adopted?")


@pytest.mark.parametrize("budget", [1, 7, 30, 100, 1000])
def test_a_passage_keeps_its_budget(memory: Memory, budget: int) -> None:
    memory.append(
        "user", "The long story of the harbour. " * 400 + "The harbour master is Edda. " + "So it went. " * 400
    )
    passage = memory.recall("Who is the harbour master?", budget)
    assert passage.tokens <= budget and len(passage.text.encode()) <= 4 * budget + 4
    if budget >= 100:
        assert "The harbour master is Edda." in passage.text and "…" in passage.text


def test_the_budget_can_be_counted_by_a_tokenizer(memory: Memory) -> None:
    memory.append("user", "My locker code is 4821.")
    passage = memory.recall("What is my locker code?", 20, count=lambda text: len(text.split()))
    assert 0 < len(passage.text.split()) <= 20


def test_the_latest_value_comes_first_and_the_history_stays(memory: Memory) -> None:
    old = memory.append("user", "My phone number is 555 1234.")
    memory.extend([Said("user", "I repaired the roof.")] * 5)
    new = memory.append("user", "My phone number is 555 9876 from now on.")
    passage = memory.recall("What is my phone number?", 60)
    lines = {line.turn.id: line for line in passage.lines}
    assert new in lines and lines[new].superseded_by is None
    assert lines[old].superseded_by == new and f"corrected in [{new}]" in passage.text
    tight = memory.recall("What is my phone number?", 22)
    assert [line.turn.id for line in tight.lines] == [new]
    past = memory.recall("What was my first phone number before?", 400)
    assert old in {line.turn.id for line in past.lines}
    assert [found.turn.id for found in memory.search("What is my phone number?", 2)] == [new, old]
    for question in ("What was my original phone number?", "What is my current phone number?"):
        assert not memory.recall(question).abstain  # no turn has the word


def test_whose_turns_a_question_asks_for(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("Ann", "I play the violin.", DAY), Said("Bob", "Ann, I play the drums, and you?", DAY)])
    assert first(memory, "What does Ann play?") == "I play the violin."
    assert "drums" in first(memory, "What does bob play?")
    assert "violin" in first(memory, "What do I play?", asker="Ann")


def test_two_hops(memory: Memory) -> None:
    memory.append("user", "The red bicycle belongs to Ingeborg.")
    memory.extend([Said("user", f"The kitchen was painted again, coat {i}.") for i in range(30)])
    memory.append("assistant", "Ingeborg moved to Trondheim, I heard.")
    found = [f.turn.text for f in memory.search("In which town is the owner of the red bicycle?", 4)]
    assert any("Trondheim" in text for text in found)


def crowd(memory: Memory, *told: str) -> None:
    """Facts among many short lines about the same people and things."""
    memory.extend([Said("user", f"Ann Lee made {dish}.") for dish in ("soup", "rice", "cake", "stew") * 30])
    for line in told:
        memory.append("user", line)
        memory.extend([Said("user", f"{name} bought a boat.") for name in ("Cleo Ash", "Dan Fox", "Eve Orr") * 10])


def test_who_has_the_same_leads_to_what_it_is(memory: Memory) -> None:
    crowd(
        memory, "For the boat of Bo Hill the code is jade fox.", "Ann Lee says the boat code is the same as Bo Hill's."
    )
    passage = memory.recall("What is the boat code of Ann Lee?", 60)
    assert "the same as Bo Hill" in passage.text and "jade fox" in passage.text
    memory.append("user", "My boat code is the same as Bo Hill's.")
    assert "jade fox" in memory.recall("What is my boat code?", 60).text


def test_what_is_mine_is_found_among_what_is_others(memory: Memory) -> None:
    memory.append("assistant", "Is my boat code there?")
    memory.append("user", "My boat opens with jade fox.")
    memory.extend([Said("user", f"The boat code of Ann Lee is not fox {i}.") for i in range(60)])
    assert "jade fox" in memory.recall("What is my boat code?", 60).text
    assert "jade fox" not in memory.recall("What is the boat code of Ann Lee?", 60).text


def test_a_lead_stays_within_the_conversation_and_before_the_turn(memory: Memory) -> None:
    crowd(memory, "Ann Lee says the boat code is the same as Bo Hill's.")
    elsewhere = memory.append("user", "For the boat of Bo Hill the code is jade fox.", conversation="elsewhere")
    question = "What is the boat code of Ann Lee?"
    assert "jade fox" in memory.recall(question, 60).text
    assert "jade fox" not in memory.recall(question, 60, conversation="").text
    assert "jade fox" not in memory.recall(question, 60, before=elsewhere).text


def ask(memory: Memory, reply: str, question: str = "What is the boat password of Ann Lee?") -> int:
    """A question and its reply among many other lines about the same person; the reply's number."""
    memory.extend([Said("user", f"Ann Lee made soup {i}.", None) for i in range(40)])
    memory.append("assistant", question)
    number = memory.append("user", reply)
    memory.extend([Said("assistant", f"I met Ann Lee in room {i}.", None) for i in range(40)])
    return number


def test_a_found_question_brings_its_reply(memory: Memory) -> None:
    number = ask(memory, "That would be jade fox.")
    passage = memory.recall("What boat password does Ann Lee have?", 60)
    lines = {line.turn.id: str(line) for line in passage.lines}
    assert "jade fox" in lines[number] and lines[number].startswith(f"[{number}]")
    assert "boat password" in lines[number - 1] and passage.tokens <= 60
    assert [f.turn.id for f in memory.search("What boat password does Ann Lee have?", 2)] == [number, number - 1]


def test_a_tight_budget_leaves_the_question_out_and_keeps_the_reply(memory: Memory) -> None:
    number = ask(memory, "That would be jade fox.")
    passage = memory.recall("What boat password does Ann Lee have?", 16)
    assert [line.turn.id for line in passage.lines] == [number] and "jade fox" in passage.text


def test_a_long_reply_keeps_its_opening(memory: Memory) -> None:
    number = ask(memory, "That would be jade fox. " + "Well, so it went on for hours. " * 200)
    passage = memory.recall("What boat password does Ann Lee have?", 60)
    texts = {line.turn.id: line.text for line in passage.lines}
    assert texts[number] == "That would be jade fox. …" and number - 1 in texts and passage.tokens <= 60


def test_what_is_no_reply_is_not_brought(memory: Memory) -> None:
    question = "What boat password does Ann Lee have?"
    after = ask(memory, "I am tired.", "The boat password of Ann Lee is jade fox. How are you?")
    assert memory.search(question, 1)[0].turn.id == after - 1  # it tells what is asked, and asks something else
    with Memory.open(memory.path.with_name("same.sqlite"), embed="lexical") as same:
        same.extend([Said("user", "What is the boat password of Ann Lee?"), Said("user", "It rained in the valley.")])
        same.append("assistant", "It did.", conversation="elsewhere")
        assert same.search(question, 1)[0].turn.id == 1  # nobody else answered


def test_a_reply_that_may_not_be_recalled_is_not_brought(memory: Memory) -> None:
    number = ask(memory, "That would be jade fox.")
    question = "What boat password does Ann Lee have?"
    assert number not in {line.turn.id for line in memory.recall(question, 99, before=number).lines}
    assert number not in {line.turn.id for line in memory.recall(question, 99, without=["user"]).lines}


def test_a_time_in_the_question_is_heeded(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    for month in range(1, 7):
        memory.append("Ann", f"I went hiking, trip {month}.", at=datetime(2024, month, 9, tzinfo=UTC))
    assert first(memory, "Where did Ann go hiking in March 2024?") == "I went hiking, trip 3."
    assert first(memory, "What hiking did Ann do on 9 May?") == "I went hiking, trip 5."
    tight = memory.recall("Where did Ann go hiking in March 2024?", 24)
    assert [line.turn.text for line in tight.lines] == ["I went hiking, trip 3."]  # not the latest


def test_a_day_or_a_speaker_is_enough_to_ask_for(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    for day, who, what in [
        (3, "Ann", "We had pizza."),
        (4, "Bob", "My tooth hurts."),
        (5, "Ann", "They say it rains."),
    ]:
        memory.append(who, what, at=datetime(2024, 5, day, tzinfo=UTC), conversation=f"{day}")

    def told(question: str, **options: str) -> list[str]:
        passage = memory.recall(question, **options)  # type: ignore[arg-type]
        assert passage.abstain is not bool(passage.lines)
        return [line.turn.text for line in passage.lines]

    assert told("What did Bob say?") == ["My tooth hurts."]
    assert told("What happened on 3 May 2024?") == ["We had pizza."]
    assert told("What did Ann talk about in May?") == ["We had pizza.", "They say it rains."]
    assert told("What did Ann mention on 2024-05-04?") == []
    assert told("What happened in May 2024?", conversation="4") == ["My tooth hurts."]
    assert memory.recall("What did Bob say about the dentist?").abstain
    assert memory.search("Which meal was it on 3 May 2024?")[0].turn.text == "We had pizza."


def test_what_is_written_without_spaces_is_found(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend(
        [Said("user", "我的猫叫小花。它很小。"), Said("user", "今天天气很好。"), Said("用户", "私の自転車は青いです。")]
    )
    assert first(memory, "我的猫叫什么") == "我的猫叫小花。它很小。"
    assert first(memory, "自転車は何色ですか") == "私の自転車は青いです。"
    assert first(memory, "天气") == "今天天气很好。"
    assert sentences("我的猫叫小花。它很小。") == ["我的猫叫小花。", "它很小。"]
    memory.forget([1])
    assert memory.search("猫") == [] and memory.verify() == []


def test_words_indexed_by_an_earlier_version_are_indexed_anew(memory: Memory) -> None:
    number = memory.append("user", "我的猫叫小花。")
    memory.index()
    with memory._store.write() as connection:
        connection.execute("DELETE FROM settings WHERE key='words'")
    assert first(memory, "猫") == "我的猫叫小花。"
    with memory._store.write() as connection:
        connection.execute("DELETE FROM settings WHERE key='words'")
    memory.forget([number])
    assert memory.search("猫") == [] and memory.verify() == [] and "room 7 " in first(memory, "Which room is 7?")


@pytest.mark.parametrize(
    ("question", "start", "days"),
    [
        ("What was on 7 May 2023?", (2023, 5, 7), 1),
        ("What was on May 7th, 2023?", (2023, 5, 7), 1),
        ("What was on 2023-05-07?", (2023, 5, 7), 1),
        ("What was in July 2023?", (2023, 7, 1), 31),
        ("What was in December?", (2023, 12, 1), 31),
        ("What was in 2022?", (2022, 1, 1), 365),
        ("What did I do yesterday?", (2024, 5, 30), 1),
    ],
)
def test_spans(question: str, start: tuple[int, int, int], days: int) -> None:
    found = span(question, DAY)
    assert found is not None
    assert (found[0].year, found[0].month, found[0].day) == start and (found[1] - found[0]).days == days


@pytest.mark.parametrize(
    "question", ["What may I do?", "Who won on 31 February 2023?", "Is 12 enough?", "In year 0000-00-00?"]
)
def test_no_span(question: str) -> None:
    assert span(question, DAY) is None


def test_one_conversation_alone(memory: Memory) -> None:
    memory.append("user", "The password is swordfish.", conversation="work")
    memory.append("user", "The password is rosebud.", conversation="home")
    assert first(memory, "What is the password?", conversation="home").endswith("rosebud.")
    assert memory.search("password", conversation="nowhere") == []


@pytest.mark.parametrize(
    "question", ['"; DROP TABLE turns; --', "a AND NOT (b* OR", "the of and", "\0\ud800", "🦊?", "NEAR(x y)"]
)
def test_any_question_is_answered_without_harm(memory: Memory, question: str) -> None:
    memory.recall(question)
    assert len(memory) == 150 and memory.verify() == []


@pytest.mark.parametrize(("question", "budget"), [("", 10), ("  ", 10), ("What?", 0), (3, 10)])
def test_a_bad_question_is_refused(memory: Memory, question: str, budget: int) -> None:
    with pytest.raises(BadSetting):
        memory.recall(question, budget)


def test_what_other_processes_write_is_found(memory: Memory) -> None:
    with Memory.open(memory.path, embed="lexical") as other:
        other.append("user", "The parrot is called Figaro.")
    assert "Figaro" in first(memory, "What is the parrot called?")


def test_threads_ask_and_keep_at_once(memory: Memory) -> None:
    wrong: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for i in range(20):
                memory.append(f"writer {thread}", f"I cleaned cellar {thread} of {i}.")
                word = "".join(chr(97 + (thread * 31 + i * 7 + k * k) % 26) for k in range(8))
                assert memory.recall(f"Who cleaned the cellar {word}?", 40).tokens <= 40
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and len(memory) == 150 + 80 and memory.verify() == []


def test_abstention_is_calibrated_on_held_out_questions(memory: Memory) -> None:
    facts = {"parrot": "Figaro", "boat": "Albatross", "teacher": "Miss Lind", "horse": "Sleipnir"}
    memory.extend([Said("user", f"Our {thing} is called {name}.") for thing, name in facts.items()])
    ask = "What is our {} called?".format
    memory.calibrate([ask(t) for t in ("parrot", "boat")], [ask(t) for t in ("dog", "grandmother")])
    with Memory.open(memory.path, embed="lexical") as again:  # kept with the memory
        assert not any(again.recall(ask(t)).abstain for t in ("teacher", "horse"))
        assert all(again.recall(ask(t)).abstain for t in ("goldfish", "neighbour"))
    with pytest.raises(BadSetting):
        memory.calibrate([], ["What?"])
    assert best_threshold([0.9, 0.8], [0.1, 0.3]) == pytest.approx(0.55)


def test_what_others_tell_speaks_against_an_answer(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("Ann", "I like the sea.", DAY), Said("Bo", "I adopted a dog from the shelter.", DAY)])
    memory.extend([Said("Ann", "I walked along the shelter.", DAY), Said("Bo", "And I sing.", DAY)])
    theirs, mine = (memory.recall(f"When did {name} adopt a dog from the shelter?") for name in ("Bo", "Ann"))
    assert not theirs.abstain and mine.abstain and mine.confidence < theirs.confidence


def test_what_is_only_asked_is_not_told_but_a_reply_is(memory: Memory) -> None:
    memory.append("user", "What is the name of the parrot?")
    assert memory.recall("What is the name of the parrot?").abstain
    memory.append("assistant", "It has none, I think.")
    assert not memory.recall("What is the name of the parrot?").abstain


class Letters:
    """An embedder that a test can see through: which letters a text has."""

    name, weight = "letters", 0.5

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors (N, 26) of N texts."""
        counts = np.array([[text.lower().count(chr(97 + i)) + 1e-3 for i in range(26)] for text in texts], np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_vectors_find_what_words_do_not_and_follow_forgetting(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed=Letters())
    memory.extend([Said("x", word) for word in ("zzz qqq", "hello there", "good morning")] * 1)
    memory.extend([Said("x", f"a b c d e f {i}") for i in range(600)])
    assert memory.found_by == "lexical + letters"
    assert first(memory, "qqqz") == "zzz qqq"
    memory.forget([1])
    assert first(memory, "qqqz") != "zzz qqq"
    with Memory.open(memory.path, embed="lexical") as words_alone:
        assert words_alone.search("qqqz") == [] and words_alone.found_by == "lexical"


def test_embedders_are_chosen_by_name(tmp_path: Path) -> None:
    assert choose("lexical") is None
    with pytest.raises(BadSetting, match=r"no config\.json"):
        choose(tmp_path)


def test_wordllama_reads_its_own_weights_offline() -> None:
    pytest.importorskip("wordllama")
    embedder = choose("wordllama")
    assert embedder is not None
    dog, puppy, law = embedder.embed(["a dog", "a puppy", "tax law"])
    assert dog @ puppy > dog @ law and np.linalg.norm(dog) == pytest.approx(1, abs=1e-3)


def test_sentences_cover_a_turn() -> None:
    assert sentences("One. Two!  Three?\nFour") == ["One.", "Two!", "Three?", "Four"]
    assert sentences("") == [] and all(len(part) <= 600 for part in sentences("word " * 5000 + "x" * 5000))


def test_evidence_of_a_real_conversation_is_found(tmp_path: Path) -> None:
    """Words alone, one conversation: well above BM25's share of evidence among the first five (0.44 with names)."""
    path = LOCOMO / "26.json"
    if not path.is_file():
        pytest.skip(f"the development conversations are not in {LOCOMO}")
    found = json.loads(path.read_text("utf-8"))
    turns = [turn for session in found["sessions"] for turn in session["turns"]]
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said(turn["speaker"], turn["text"], DAY) for turn in turns])
    asked = [q for q in found["questions"] if q["category"] != 5 and q["evidence"]]
    hits = [any(turns[f.turn.id - 1]["id"] in q["evidence"] for f in memory.search(q["question"], 5)) for q in asked]
    assert np.mean(hits) > 0.6


def test_a_reading_process_tells_damage(memory: Memory) -> None:
    with memory._store.write() as connection:
        connection.execute("DELETE FROM texts WHERE id=3")
    assert any("missing" in line for line in memory.verify())
    with pytest.raises(Damaged, match="salvage"):
        list(memory.turns())


def test_the_nearest_by_signs_are_those_with_the_fewest_other_signs_and_the_first_of_equal_ones() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(500, 100))
    vectors[300:] = vectors[:200]
    for most in (1, 20, 499, 500):
        apart = ((vectors > 0) != (vectors[7] > 0)).sum(1)
        wanted = np.argsort(apart, kind="stable")[:most]
        found = nearest(signs(vectors).T, signs(vectors[7:8])[0], most)
        assert sorted(found) == sorted(wanted)


def test_a_memory_that_counted_words_before_recalls_as_one_that_is_opened_anew(memory: Memory) -> None:
    question = "Which room has a harbour in it, and which puddle?"

    def as_anew() -> None:
        with Memory.open(memory.path, embed="lexical") as anew:
            wanted, found = (m.recall(question, 200) for m in (anew, memory))
            assert (found.text, found.confidence) == (wanted.text, wanted.confidence)

    as_anew()
    first = memory.extend([Said("user", f"Room {i} has a harbour in it.") for i in range(40)])[0]
    as_anew()
    memory.append("user", "A puddle is in every room.")
    as_anew()
    memory.forget(range(first, first + 30))
    as_anew()


@pytest.mark.parametrize("question", ["What is its code?", "And how do we get in?", "Which code do we need for that?"])
def test_a_question_that_points_back_is_looked_up_with_what_was_said(memory: Memory, question: str) -> None:
    names = ("Mira Dahl", "Otto Lind", "Ines Vogt", "Karl Boe")
    for place, name in enumerate(names):
        memory.append("user", f"{name} has a shed, its code is {4000 + place}.")
        memory.append("user", f"{name} opened the barn with the code {5000 + place}.")
    for place, name in enumerate(names):
        said = [f"I stand at the shed of {name}."]
        assert str(4000 + place) in memory.search(question, 1, said=said)[0].turn.text
        assert str(4000 + place) in memory.recall(question, 60, said=["Hello.", *said]).text


def test_a_question_that_stands_alone_is_looked_up_alone(memory: Memory) -> None:
    memory.append("user", "The harbour master is Edda.")
    memory.append("user", "The ferry leaves from the old pier.")
    said = ["The ferry leaves from the old pier, does it not?"]
    alone, after = (memory.recall("Who is the harbour master?", 100, said=told) for told in ([], said))
    assert (after.text, after.confidence) == (alone.text, alone.confidence)


@pytest.mark.parametrize("said", ["It rained.", [1], 5])
def test_what_was_said_before_is_a_list_of_texts(memory: Memory, said: object) -> None:
    with pytest.raises(BadSetting, match="what was said before"):
        memory.recall("What is it?", said=said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("And the wifi password?", "sunflower"),
        ("and for the bike lock?", "311"),
        ("And what floor is it on?", "third floor"),
        ("What about my bike?", "311"),
        ("And the code?", "4821"),
    ],
)
def test_a_question_that_goes_on_is_looked_up_by_its_own_words_first(
    tmp_path: Path, question: str, answer: str
) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    told = [
        "My locker code is 4821.",
        "The wifi password is sunflower77.",
        "My locker is on the third floor of the gym.",
    ]
    told += ["The code of the locker room is 77.", "I forgot my locker code at the gym.", "My bike lock code is 311."]
    memory.extend([Said("user", text) for text in [*told, *(f"It rained on day {day}." for day in range(50))]])
    said = ["What is my locker code at the gym?", "Your locker code is 4821."]
    assert answer in memory.search(question, 1, said=said)[0].turn.text
