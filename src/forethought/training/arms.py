"""Arms: ways of training with everything else held equal. What each lives through, and what it learns from that.

Static arms learn from a corpus that does not depend on the model, in random order; interactive arms live on while they
learn; controls look like them and lack what is claimed to matter; ablations are developmental with one part less.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from forethought.config import Arm, TrainConfig
from forethought.errors import BadSetting, UnknownName


class Source(StrEnum):
    """Where episodes come from."""

    OWN = "own actions"
    """Any action that makes sense, then practice towards desires: the curriculum's stages."""
    POLICY = "own policy"
    """Actions as likely as the model itself finds them."""
    CUSTOM = "demonstrations"
    """The world's own demonstrator, with its habits and mistakes."""
    MIXED = "demonstrations of every quality"
    """The best demonstrator, the customary one, the same with many strays, and random behaviour, equally often."""
    RANDOM = "random behaviour"
    RECORDED = "another run's experience"
    """All at once, and nothing new after it."""


class Family(StrEnum):
    """What an arm is for."""

    STATIC = "static"
    INTERACTIVE = "interactive"
    CONTROL = "control"
    ABLATION = "ablation"


class Twist(StrEnum):
    """What a control does to a lesson."""

    NONE = "none"
    EXCHANGED = "outcomes exchanged"
    """In what another run lived through, every outcome is that of another step with the same verb, told of this step's
    things.
    """
    SHUFFLED = "actions shuffled"
    """Every action is another step's; what came of it stays."""


@dataclass(frozen=True, slots=True)
class Way:
    """One arm. ``acts`` and ``hears`` are the sources whose actions and whose outcomes are training targets; ``first``
    is what is lived until the share ``until`` of the budget, before ``lives`` (several: in equal parts).

    ``settings`` are fixed by the arm, whatever the recipe says; ``needs`` names settings that may not be 0; ``swept``
    are those that tuning tries for this arm besides the ones for all.
    """

    family: Family
    words: str
    lives: tuple[Source, ...] = (Source.OWN,)
    first: Source | None = None
    until: float = 0.0
    acts: frozenset[Source] = frozenset(Source)
    hears: frozenset[Source] = frozenset(Source)
    twist: Twist = Twist.NONE
    reasons: bool = False
    """Whether each drawn action is learned once more after a reason written out."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    swept: tuple[Mapping[str, Any], ...] = ()

    @property
    def own(self) -> bool:
        """Whether it lives through its own actions in stages, so that hindsight and distillation are its own too."""
        return Source.OWN in self.lives

    @property
    def yoked(self) -> bool:
        """Whether it learns from what another run lived through."""
        return Source.RECORDED in self.lives


IID: dict[str, Any] = {
    "balance": "uniform", "curiosity": "none", "own_desires": 0.0, "distil_share": 0.0, "siblings": 1,
}  # fmt: skip
"""Every step of a corpus equally often."""
PLAIN: dict[str, Any] = {**IID, "hindsight_share": 0.0}
"""The same of demonstrations, alone or beside something else, so that nothing else differs."""
MASKED: dict[str, Any] = {"outcome_weight": 0.0, "language_weight": 0.0, "action_weight": 1.0}

WAYS: dict[Arm, Way] = {
    "imitation": Way(
        Family.STATIC, "next-token training on demonstrations, outcomes included", (Source.CUSTOM,), settings=PLAIN
    ),
    "imitation-masked": Way(
        Family.STATIC, "the same with everything masked but the actions, as agents are fine-tuned", (Source.CUSTOM,),
        settings={**PLAIN, **MASKED},
    ),
    "static-random": Way(
        Family.STATIC, "a shuffled corpus of random behaviour", (Source.RANDOM,), settings=PLAIN
    ),
    "static-mixed": Way(
        Family.STATIC, "a shuffled corpus of demonstrators of every quality, failures included", (Source.MIXED,),
        settings=PLAIN,
    ),
    "static-same": Way(
        Family.STATIC, "exactly what the developmental arm lived through, in random order", (Source.RECORDED,),
        settings=IID, needs=("recorded",),
    ),
    "echo-sft": Way(
        Family.INTERACTIVE, "outcomes of its own policy's actions beside imitation", (Source.CUSTOM, Source.POLICY),
        acts=frozenset({Source.CUSTOM}), hears=frozenset({Source.POLICY}),
        settings=PLAIN, swept=({"outcome_weight": 0.3}, {"outcome_weight": 3.0}),
    ),
    "developmental": Way(Family.INTERACTIVE, "outcomes of its own actions, in stages"),
    "imitation-then-developmental": Way(
        Family.INTERACTIVE, "imitation for a third of the budget, then developmental", first=Source.CUSTOM, until=1 / 3
    ),
    "placebo": Way(
        Family.CONTROL, "imitation beside what the developmental arm did, its outcomes exchanged",
        (Source.CUSTOM, Source.RECORDED), acts=frozenset({Source.CUSTOM}), twist=Twist.EXCHANGED,
        settings=PLAIN, needs=("recorded",),
    ),
    "verbal-reasoning": Way(
        Family.CONTROL, "imitation, with a reason written out before each action", (Source.CUSTOM,), reasons=True,
        settings=PLAIN,
    ),
    "shuffled-action": Way(Family.CONTROL, "developmental, each outcome learned under another action",
                           twist=Twist.SHUFFLED),
    "latent-only": Way(
        Family.ABLATION, "developmental without outcomes in words", settings={"outcome_weight": 0.0},
        needs=("latent_weight",),
    ),
    "token-only": Way(Family.ABLATION, "developmental without latent dynamics", settings={"latent_weight": 0.0}),
    "no-curiosity": Way(
        Family.ABLATION, "developmental without curiosity, in replay and in what is tried",
        settings={"curiosity": "none", "explore": "uniform", "balance": "uniform", "own_desires": 0.0},
    ),
    "no-stages": Way(
        Family.ABLATION, "developmental that practises from the start", settings={"practice_after": 0.0}
    ),
    "no-distillation": Way(
        Family.ABLATION, "developmental without distillation of plans", settings={"distil_share": 0.0}
    ),
}  # fmt: skip


def fitted(config: TrainConfig) -> TrainConfig:
    """The config with what its arm decides; ``BadSetting`` where the arm needs what the config does not have.

    A setting that the arm overrules, though it is not the default, is told in a warning.
    """
    way = way_of(config.arm)
    for name in way.needs:
        if not getattr(config, name):
            raise BadSetting(f"arm {config.arm!r} needs the setting {name!r}, which is {getattr(config, name)!r}")
    for name, value in way.settings.items():
        given = getattr(config, name)
        if given not in (value, TrainConfig.model_fields[name].default):
            warnings.warn(f"{name} is {value!r} in the arm {config.arm!r}, not {given!r}", stacklevel=3)
    return config.model_copy(update=dict(way.settings))


def comparable(config: TrainConfig) -> TrainConfig:
    """``fitted``, of one arm among several; ``BadSetting`` for an ablation that takes nothing away."""
    if lacks_nothing(config):
        told = ", ".join(f"{name} {value!r}" for name, value in way_of(config.arm).settings.items())
        raise BadSetting(
            f"{config.arm} is developmental itself here, where all arms have {told}; give them the part that it takes "
            "away (--set latent_weight=0.05, --set distil_share=0.1), or leave it out"
        )
    return fitted(config)


def lacks_nothing(config: TrainConfig) -> bool:
    """Whether a config's arm is an ablation of a part that the config does not have."""
    way = way_of(config.arm)
    return way.family is Family.ABLATION and all(getattr(config, name) == it for name, it in way.settings.items())


def way_of(arm: str) -> Way:
    """What an arm does; ``UnknownName`` suggests the nearest one."""
    if arm not in WAYS:
        raise UnknownName.of("arm", arm, WAYS)
    return WAYS[arm]
