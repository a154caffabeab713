"""The plain words follow from the numbers, by rule."""

from __future__ import annotations

import pytest

from forethought.evaluation import BLIND, Record
from forethought.reports.headlines import bounds_of, choice_in_words, headlines, in_words, mean, percent

ARMS = ("imitation", "developmental")


def record(arm: str, value: float, half: float = 0.02, metric: str = "exact", axis: str = "") -> Record:
    return Record(arm, "errand", "test", axis, metric, value, max(0.0, value - half), min(1.0, value + half), 100)


def said(*records: Record) -> str:
    return " ".join(in_words(headlines(records, ARMS), ARMS))


def test_a_clear_difference_is_called_one() -> None:
    told = said(record("imitation", 0.4), record("developmental", 0.9))
    assert "developmental 90%, imitation 40%; developmental is ahead by 50 points, and the intervals are apart" in told


def test_a_difference_within_the_noise_is_called_chance() -> None:
    told = said(record("imitation", 0.83, 0.05), record("developmental", 0.8, 0.05))
    assert "imitation is ahead by 3 points, but the intervals overlap: this may be chance" in told
    assert "no difference" in said(record("imitation", 0.8), record("developmental", 0.8))


def test_who_does_not_beat_the_blind_answer_is_named() -> None:
    told = said(record("imitation", 0.1), record("developmental", 0.9), record(BLIND, 0.12, 0.05))
    assert "The best blind answer: 12%, which imitation does not clearly beat." in told


def test_places_are_averaged_and_held_out_ones_stand_apart() -> None:
    rows = headlines(
        [record("developmental", v, metric="probe/presence", axis=a) for v, a in ((1.0, ""), (0.5, "x"), (0.7, "y"))],
        ARMS,
    )
    found = {row.title: row.shares["developmental"] for row in rows}
    assert [round(share.value, 3) for share in found.values() if share] == [1.0, 0.6]
    assert all(row.shares["imitation"] is None for row in rows)


def test_an_average_is_surer_than_its_parts() -> None:
    share = mean([record("a", 0.5, 0.1), record("a", 0.5, 0.1)])
    assert share is not None and share.n == 200
    assert 0.42 < share.low < 0.44 and 0.56 < share.high < 0.58
    assert mean([]) is None


def test_four_out_of_four_are_not_called_certain() -> None:
    few = Record("developmental", "errand", "test", "", "exact", 1.0, 1.0, 1.0, 4)
    none = Record("imitation", "errand", "test", "", "exact", 0.0, 0.0, 0.0, 4)
    assert bounds_of(few)[0] == pytest.approx(0.398, abs=0.001)
    assert "the intervals overlap" in said(few, none)
    blind = Record(BLIND, "errand", "test", "", "probe/x", 0.0, 0.0, 0.0, 4)
    assert bounds_of(blind) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50%"),
        (0.996, "99.6%"),
        (0.9999, "> 99.9%"),
        (0.004, "0.4%"),
        (0.0001, "< 0.1%"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value: float, words: str) -> None:
    assert percent(value) == words


def test_the_choice_is_judged_with_its_reason() -> None:
    def told(chosen: str, reason: bool) -> str:
        return choice_in_words("a", [{"title": "The car", "chosen": chosen, "best": "drive", "right_reason": reason}])

    assert told("drive", True) == "What a chooses: the car: drive (right)."
    assert told("drive", False) == "What a chooses: the car: drive (right, but not for the right reason)."
    assert told("walk", False) == "What a chooses: the car: walk (wrong: drive is right)."
    assert told("", False) == "What a chooses: the car: nothing (wrong: drive is right)."
    assert choice_in_words("a", []) == ""
