"""Frozen configs: everything that decides a run, saved with it; unknown or misspelt settings are refused."""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forethought.errors import BadConfig, BadSetting, UnknownName

CONFIG_VERSION = 1
Arm = Literal[
    "developmental", "imitation", "imitation-masked", "static-random", "static-mixed", "static-same", "echo-sft",
    "imitation-then-developmental", "placebo", "shuffled-action", "latent-only", "token-only", "no-curiosity",
    "no-stages", "no-distillation", "verbal-reasoning",
]  # fmt: skip
Imagination = Literal["words", "guided", "latent"]


class Config(BaseModel):
    """Base of all configs: frozen, strict about names, and with one version."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    version: int = CONFIG_VERSION

    @classmethod
    def of(cls, **settings: Any) -> Self:
        """The config with these settings; ``UnknownName`` or ``BadSetting`` say which one is wrong and why."""
        for name in settings:
            if name not in cls.model_fields:
                raise UnknownName.of("setting", name, cls.model_fields)
        if settings.get("version", CONFIG_VERSION) != CONFIG_VERSION:
            raise BadConfig(
                f"a config of version {settings['version']}; this forethought reads version {CONFIG_VERSION}. "
                "Start a new run folder, or use the forethought that wrote it."
            )
        try:
            return cls(**settings)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            if first["type"] == "literal_error" and isinstance(first["input"], str):
                raise UnknownName.of(where, first["input"], get_args(cls.model_fields[where].annotation)) from error
            raise BadSetting(f"setting {where!r}: got {first['input']!r}; {first['msg'].lower()}") from error

    def differences(self, other: Config) -> dict[str, tuple[Any, Any]]:
        """The settings in which two configs differ, with both values."""
        mine, theirs = self.model_dump(mode="json"), other.model_dump(mode="json")
        return {k: (mine.get(k), theirs.get(k)) for k in {*mine, *theirs} if mine.get(k) != theirs.get(k)}


class TrainConfig(Config):
    """One training run. Budgets are counted in tokens and steps, never in seconds."""

    worlds: tuple[str, ...] = Field(("errand",), description="the worlds to live in; your own as module:Class")
    level: int = Field(1, ge=1, description="how hard their situations are")
    arm: Arm = Field("developmental", description="how to train (docs/arms.md): from own actions, demonstrations, ...")
    recorded: str = Field("", description="static-same, placebo: the run folder whose experience is learned from")
    model: str = Field(
        "nano", description="a preset (pico, nano, tiny, mini, small) or a folder or id of a Hugging Face model"
    )
    architecture: Literal["llama", "mamba2"] = Field("llama", description="what a preset is built as")
    seed: int = Field(0, ge=0, description="decides weights, situations and sampling")
    budget_tokens: int = Field(2_000_000, ge=1, description="training tokens, padding not counted")
    budget_flops: float = Field(
        0.0, ge=0, description="floating-point operations to spend instead, imagination included; 0: tokens count"
    )
    batch_steps: int = Field(32, ge=1, description="steps (or demonstrations) sampled for each update")
    matrix_rate: float = Field(0.005, gt=0, description="learning rate of the hidden matrices (Muon)")
    learning_rate: float = Field(2e-3, gt=0, description="learning rate of all other weights (AdamW)")
    warmup_updates: int = Field(50, ge=0, description="updates over which both rates rise")
    cooling: float = Field(0.8, gt=0, le=1, description="last share of the budget, over which both rates fall")
    weight_decay: float = Field(0.01, ge=0, description="of the hidden matrices")
    outcome_weight: float = Field(1.0, ge=0, description="weight of the mean nats per outcome token")
    history_weight: float = Field(0.5, ge=0, le=1, description="of outcomes before the drawn step, against its own 1")
    action_weight: float = Field(0.2, ge=0, description="weight of the mean nats per action token")
    language_weight: float = Field(0.0, ge=0, description="weight of the mean nats per desire or observation token")
    latent_weight: float = Field(0.0, ge=0, description="weight of the latent loss; 0: no latent dynamics at all")
    freeze: bool = Field(False, description="keep the language model as it is and train its latent dynamics alone")
    unroll: int = Field(2, ge=1, le=4, description="steps that the latent dynamics imagine in a row in training")
    members: int = Field(3, ge=1, le=8, description="predictors in the latent dynamics' ensemble")
    sigreg_weight: float = Field(0.05, ge=0, description="of SIGReg within the latent loss")
    inverse_weight: float = Field(0.1, ge=0, description="of inverse dynamics within the latent loss")
    stop_gradient: bool = Field(False, description="whether outcomes' latents are taken as given, as an ablation")
    verdict: Literal["before", "after"] = Field("after", description="where the verdicts stand in an outcome")
    target: Literal["change", "observation"] = Field("change", description="what an outcome is told as")
    balance: Literal["class", "uniform"] = Field("class", description="replay over verb x outcome class, or uniform")
    replay_floor: float = Field(0.1, ge=0, le=1, description="share of replay drawn uniformly from everything")
    hindsight_share: float = Field(
        0.25, ge=0, le=1, description="of draws, in pairs: with what was met as the desire, and as it was"
    )
    distil_share: float = Field(
        0.0, ge=0, le=1, description="lessons more, as a share of the draws, in what planning chose and what helped"
    )
    question_share: float = Field(
        0.0, ge=0, le=1, description="lessons more, as a share of the draws, in what questions are about (ask)"
    )
    curiosity: Literal["mastery", "progress", "surprise", "none"] = Field(
        "mastery", description="what is replayed more: what is not mastered, is being learned, or surprises; or none"
    )
    explore: Literal["uniform", "curious"] = Field(
        "uniform", description="how to babble: any verb alike, or the likelier the more curiosity it raises"
    )
    siblings: int = Field(
        1, ge=1, le=8, description="lives of each babbled situation, each begun with another action; drawn together"
    )
    mastered_nats: float = Field(0.5, ge=0, description="mastery: what surprises less than so many nats is mastered")
    largest_share: float = Field(
        1.0, ge=1, description="mastery: equal shares that the most surprising outcomes take; 1: chance is not chased"
    )
    first_episodes: int = Field(512, ge=1, description="episodes lived before the first update")
    live_every: int = Field(10, ge=1, description="updates between two spells of living")
    live_episodes: int = Field(64, ge=1, description="episodes in a spell, lived side by side")
    commit_rate: float = Field(0.05, ge=0, le=1, description="share of lived steps with a committed prediction")
    practice_after: float = Field(0.35, ge=0, le=1, description="practice starts at this share of the budget at latest")
    practice_divergence: float = Field(0.25, ge=0, description="... or when committed predictions diverge less")
    practice_probes: float = Field(0.9, ge=0, le=1, description="... or when so many pairs in an exam are right")
    practice_gap: float = Field(
        0.5, ge=0, description="... and, with latent dynamics, other actions are foreseen so much worse"
    )
    exam_updates: int = Field(0, ge=0, description="updates between two exams on validation probes; 0: none")
    practice_episodes: int = Field(8, ge=1, description="episodes at most in a practice spell (it costs imagination)")
    practice_share: float = Field(
        0.5, ge=0, le=1, description="share of spells that practise, acting towards desires, once practice has begun"
    )
    own_desires: float = Field(
        0.0, ge=0, le=1, description="of practised episodes: towards desires chosen at the edge of what is mastered"
    )
    horizon: int = Field(2, ge=1, le=3, description="steps ahead that practice imagines")
    keep: int = Field(0, ge=0, description="models kept on the way, at equal shares of the budget; the last is always")
    checkpoint_updates: int = Field(200, ge=1, description="updates between two checkpoints")
    threads: int = Field(1, ge=1, description="OpenMP threads")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of matrix products; auto: bf16 where that is faster"
    )
