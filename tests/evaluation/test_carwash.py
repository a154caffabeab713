"""The car wash against the letter: right only if both are, and for the right reason."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from forethought.errors import BadSetting
from forethought.evaluation import BLIND, Record, car_wash_and_letter, car_wash_pairs
from forethought.evaluation.carwash import Errand, draw_pairs, ways_of
from forethought.types import Progress, Step
from forethought.worlds.errand.town import MANNER_OF, NEAR

N = 15
Retell = Callable[[Errand, str, list[Step]], list[Step]]


def taught(model: Any, pairs: list[tuple[Errand, Errand]], retell: Retell = lambda _e, _w, steps: steps) -> Any:
    for errand in (errand for pair in pairs for errand in pair):
        for way, actions in ways_of(errand).items():
            steps, _ = errand.lived(actions)
            desire, observation = errand.world.wish(errand.state), errand.world.text(errand.state)
            model.teach(desire, observation, steps, retell(errand, way, steps))
    return model


def scores(records: list[Record]) -> dict[str, float]:
    return {record.metric: record.value for record in records if record.arm == "mine"}


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_pairs_are_near_different_and_set_apart_by_the_thing_alone(split: str) -> None:
    pairs = draw_pairs(60, split)
    assert len({(car.state, letter.state) for car, letter in pairs}) == 60
    for car, letter in pairs:
        assert (MANNER_OF[car.thing], MANNER_OF[letter.thing]) == ("driven", "carried")
        assert all(place.feet in NEAR for place in car.state.places)
        assert car.state.errands[0][1] == letter.state.errands[0][1]
        assert [(p.name, p.feet) for p in car.state.places] == [(p.name, p.feet) for p in letter.state.places]
        assert (car.best, letter.best) == ("drive", "walk")


def test_who_knows_the_town_gets_every_pair_right_for_the_right_reason(knowing: Any) -> None:
    records = car_wash_pairs(taught(knowing, draw_pairs(N)), N, arm="mine")
    assert scores(records) == {"car_wash_and_letter": 1.0, "car_wash_choice": 1.0}
    assert {(r.world, r.split, r.axis, r.n) for r in records} == {("errand", "test", "near_driven", N)}
    assert {r.value for r in records if r.arm == BLIND} == {0.0}


def test_the_habit_of_walking_when_near_gets_no_pair_right(knowing: Any) -> None:
    def all_goes_well(_: Errand, __: str, steps: list[Step]) -> list[Step]:
        return [steps[0], replace(steps[1], progress=Progress.SATISFIED)]

    found = scores(car_wash_pairs(taught(knowing, draw_pairs(N), all_goes_well), N, arm="mine"))
    assert found == {"car_wash_and_letter": 0.0, "car_wash_choice": 0.0}


def test_the_right_choice_for_a_wrong_reason_is_told_apart(knowing: Any) -> None:
    def walks_the_car(errand: Errand, way: str, steps: list[Step]) -> list[Step]:
        moved = f" The {errand.thing} is at the {errand.goal}."
        stays = way != "walk" or errand.best == "walk"
        return steps if stays else [replace(steps[0], change=steps[0].change + moved), steps[1]]

    found = scores(car_wash_pairs(taught(knowing, draw_pairs(N), walks_the_car), N, arm="mine"))
    assert found == {"car_wash_and_letter": 0.0, "car_wash_choice": 1.0}


def test_expecting_nothing_chooses_nothing(knowing: Any) -> None:
    assert scores(car_wash_pairs(knowing, N, arm="mine"))["car_wash_choice"] == 0.0
    assert {choice.chosen for choice in car_wash_and_letter(knowing)} == {""}


def test_pairs_that_do_not_exist_are_refused(knowing: Any) -> None:
    for settings in ({"split": "train"}, {"level": 4}, {"n": 0}):
        with pytest.raises(BadSetting):
            car_wash_pairs(knowing, **settings)
