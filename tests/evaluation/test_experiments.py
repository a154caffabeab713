"""Who knows the law of the laboratory needs as many experiments as the ideal observer, and who knows nothing, all."""

import random
import re
from collections.abc import Sequence
from typing import Any

import pytest

from forethought.errors import BadSetting, Sealed
from forethought.evaluation import Record
from forethought.evaluation.experiments import (
    IDEAL,
    Inquiry,
    Laboratory,
    at_random,
    begun,
    experiment,
    explored,
    predicted_by,
    true_facts,
)
from forethought.evaluation.metrics import Place
from forethought.models import Imagined, Model
from forethought.transcript import Tokens
from forethought.worlds import make
from forethought.worlds.lab.rules import FAMILIES, Arrangement, space_of

PLACE = Place("lab", 1, "test", "")
OBJECT = re.compile(r"The (\w+ \w+) (?:is|lies) on the table\.")
EVENT = re.compile(r"(put|take) the (\w+ \w+) (?:on|off) the machine|The machine (?:is|looks) (lit|dark)\.")


class KnowsTheLaw(Model):
    """Reads the transcript alone, keeps every rule that fits it, and says what most of them say."""

    def imagine(
        self, contexts: Sequence[Tokens], actions: Sequence[Sequence[str]], max_tokens: int = 0
    ) -> list[list[Imagined]]:
        """What most of the rules say that the transcript leaves possible."""
        texts = [self.tokenizer.decode(context.ids) for context in contexts]
        return [[self._imagined(text, action) for action in some] for text, some in zip(texts, actions, strict=True)]

    def _imagined(self, text: str, action: str) -> Imagined:
        objects = list(dict.fromkeys(OBJECT.findall(text)))[:3]
        space, here, lit = space_of(3, FAMILIES[1]), Arrangement(), False
        possible = space.all
        for verb, name, light in [*EVENT.findall(text), ("end", "", "")]:
            if light:
                lit = light == "lit"
                continue
            if here:
                possible = space.after(possible, here, lit)
            if verb != "end":
                here = self._moved(here, objects.index(name), verb)
        verb, name, _ = EVENT.findall(action)[0]
        after = self._moved(here, objects.index(name), verb)
        expected = bool(after) and space.chance(possible, after) > 0.5
        light = f" The machine is {'lit' if expected else 'dark'}." if expected != lit else ""
        return Imagined(f"The {name} is on the {'machine' if verb == 'put' else 'table'}.{light}", 0.0, 0.0, 0.0)

    @staticmethod
    def _moved(here: Arrangement, place: int, verb: str) -> Arrangement:
        return tuple(sorted({*here, place} if verb == "put" else {*here} - {place}))


def by_metric(records: Sequence[Record], arm: str) -> dict[str, Record]:
    return {record.metric: record for record in records if record.arm == arm}


@pytest.fixture
def lawful(untrained: Model) -> KnowsTheLaw:
    return KnowsTheLaw(untrained.lm, untrained.tokenizer)


def test_who_knows_the_law_foresees_all_no_later_than_anybody_could_be_sure(lawful: KnowsTheLaw) -> None:
    seeds = range(12)
    for choose in (at_random, None):
        mine = explored(lawful, PLACE, seeds, choose, predicted_by(lawful, random.Random(0)), 40, random.Random(1))
        for inquiry in mine:
            assert inquiry.learned and inquiry.foreseen[0] < 1.0
        again = explored(lawful, PLACE, seeds, choose, lambda them: [0.0] * len(them), 40, random.Random(1))
        for inquiry, longer in zip(mine, again, strict=True) if choose is None else ():
            sure = begun(PLACE, seeds[mine.index(inquiry)], shown=False)
            while not sure.lab.understood():
                sure.go_on(longer.steps[len(sure.steps)].action)
            assert len(inquiry.steps) <= len(sure.steps)


def test_the_scripted_experimenter_needs_fewer_experiments_than_chance(
    lawful: KnowsTheLaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forethought.evaluation import experiments

    quick = lambda *_, **__: at_random  # noqa: E731
    monkeypatch.setattr(experiments, "imagining", quick)
    monkeypatch.setattr(experiments, "likeliest", quick)
    records = experiment(lawful, axes=("",), n=12, arm="mine", limit=40)
    mine, ideal = by_metric(records, "mine"), by_metric(records, IDEAL)
    for found in (mine, ideal):
        assert found["experiments/scripted/steps"].value < found["experiments/random/steps"].value
        assert found["learned/scripted"].value == 1.0
    assert mine["experiments/scripted/steps"].value <= ideal["experiments/scripted/steps"].value < 8
    assert mine["foreseen/scripted/0"].value < mine["foreseen/scripted/4"].value <= 1.0
    assert {who.split("/")[1] for who in mine} == {"act", "policy", "random", "scripted"}
    assert not any(metric.startswith("foreseen") for metric in ideal)


def test_who_knows_nothing_never_foresees_what_remains(knowing: Any) -> None:
    records = by_metric(experiment(knowing, axes=("",), n=2, arm="mine", limit=3), "mine")
    for who in ("act", "policy", "random", "scripted"):
        assert records[f"learned/{who}"].value == 0.0
        assert records[f"experiments/{who}/steps"].value == 3.0
        assert records[f"foreseen/{who}/8"].value == 0.0


def test_having_made_every_experiment_is_not_having_foreseen_any(knowing: Any) -> None:
    judge = predicted_by(knowing, random.Random(0))
    lived = explored(knowing, PLACE, range(3), at_random, judge, 60, random.Random(0))
    assert any(not inquiry.lab.experiments() for inquiry in lived)
    assert not any(inquiry.learned for inquiry in lived)


def test_an_experiment_is_imagined_upon_imagined_outcomes_and_not_upon_true_ones(knowing: Any) -> None:
    inquiry = begun(PLACE, 3, shown=False)
    ways = [way for way in inquiry.lab.experiments() if len(way) > 1]
    knowing.asked.clear()
    assert predicted_by(knowing, random.Random(0))([inquiry]) == [0.0]
    beyond = [context for context, action in knowing.asked if any(action in way[1:] for way in ways)]
    assert any("Nothing changes." in context for context in beyond)
    assert not any(" is on the machine." in context for context, _ in knowing.asked)
    assert len(knowing.asked) == len({(context, action) for context, action in knowing.asked})
    assert inquiry.steps == [] and true_facts(inquiry, ways[0]) and len(inquiry.lab.experiments()) == 7


def test_worlds_are_sealed_while_somebody_chooses(knowing: Any) -> None:
    made: list[Inquiry] = []

    def judge(inquiries: Sequence[Inquiry]) -> list[float]:
        made.extend(inquiries)
        return [0.0] * len(inquiries)

    def peek(situations: Any, rng: random.Random) -> list[str]:
        for inquiry in made:
            lab = inquiry.lab
            for look in (inquiry.world.facts, inquiry.world.fork, lab.experiments, lab.understood):
                with pytest.raises(Sealed):
                    look()
        return at_random(situations, rng)

    lived = explored(knowing, PLACE, range(2), peek, judge, 2, random.Random(0))
    assert [len(inquiry.steps) for inquiry in lived] == [2, 2]
    assert lived[0].world.facts()


def test_a_world_without_experiments_is_refused_by_name(knowing: Any) -> None:
    assert isinstance(make("lab"), Laboratory) and not isinstance(make("errand"), Laboratory)
    with pytest.raises(BadSetting, match=r"'errand' offers no experiments.*'lab'"):
        experiment(knowing, worlds=("errand",), axes=("",), n=1)
