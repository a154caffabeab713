"""The whole of training on one page: live, remember, learn, checkpoint."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from forethought import storage
from forethought.config import TrainConfig
from forethought.errors import BadSetting
from forethought.models import PRESETS, Model
from forethought.models.meter import Meter
from forethought.models.state import tokenizer_fingerprint
from forethought.training.arms import fitted, lacks_nothing
from forethought.training.checkpoint import load_newest, save_checkpoint
from forethought.training.curriculum import Curriculum
from forethought.training.exams import Exams, share_right
from forethought.training.interruption import Interruption
from forethought.training.learner import Learner
from forethought.training.lessons import Teacher
from forethought.training.lives import Lives
from forethought.training.questions import how_sure
from forethought.training.run import METRICS_FILE, SUMMARY_FILE, Run, kept_models, made_by
from forethought.worlds import make

Watch = Callable[["Moment"], None]
"""Called after every update, e.g. to draw a live display."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run stands, for whoever watches it; ``seconds`` is this process's training time."""

    arm: str
    stage: str
    update: int
    tokens: int
    budget: int
    steps: int
    outcome_nll: float
    divergence: float
    seconds: float
    fresh_tokens: int


def train(
    model: Model | str | None = None,
    *,
    folder: str | Path,
    config: TrainConfig | None = None,
    watch: Watch | None = None,
    command: str = "forethought.train",
    **settings: Any,
) -> Run:
    """Trains a model in a run folder, or goes on where an earlier call stopped, and returns the run.

    ``settings`` are those of ``TrainConfig`` (``worlds``, ``arm``, ``budget_tokens``, ...) unless a ``config`` is
    given. Without a ``Model`` the config's preset is built from scratch, or its model folder is read. Ctrl-C finishes
    the update in progress and saves a checkpoint; a second one stops at once. A finished run is returned as it is.
    """
    if isinstance(model, str):
        settings["model"], model = model, None
    config = config or TrainConfig.of(**settings)
    if lacks_nothing(config):
        warnings.warn(f"{config.arm} is developmental itself here: there is nothing to take away", stacklevel=2)
    config = fitted(config)
    for name in config.worlds:
        make(name, level=config.level, split="train")  # says what is wrong with it before anything is written
    _check(config, given=model is not None)
    folder = Path(folder)
    with storage.lock(folder):
        run = Run.open(folder, config)
        if run.finished:
            return run
        torch.set_num_threads(config.threads)
        model = model or initial_model(config)
        _Training(run, model, watch).to_the_end(command)
    return run


def _check(config: TrainConfig, given: bool) -> None:
    """``BadSetting`` for settings that leave nothing to learn, a warning for those that decide nothing."""
    if config.freeze and not config.latent_weight:
        raise BadSetting("freeze keeps the language model as it is, and latent_weight 0 leaves nothing else to train")
    if config.freeze and config.model in PRESETS and not given:
        raise BadSetting(
            f"freeze would keep a {config.model} with random weights as it is; give a trained model's folder as model"
        )
    if config.explore == "curious" and config.curiosity == "none":
        warnings.warn("explore='curious' decides nothing where curiosity is 'none'", stacklevel=3)


def initial_model(config: TrainConfig) -> Model:
    """The model that a config starts from: equal for every arm with the same seed."""
    if config.model in PRESETS or not (Path(config.model).exists() or "/" in config.model):
        model = Model.from_scratch(
            config.model,
            worlds=config.worlds,
            levels=(config.level,),
            architecture=config.architecture,
            seed=config.seed,
            verdict=config.verdict,
            target=config.target,
            questions=config.question_share > 0,
        )
    else:
        model = Model.from_pretrained(config.model, verdict=config.verdict, target=config.target)
    return model


class _Training:
    """One run in progress. Everything random is drawn from (seed, update), so a checkpoint needs no random state."""

    def __init__(self, run: Run, model: Model, watch: Watch | None) -> None:
        self.run, self.config, self.model, self.watch = run, run.config, model, watch
        self.initial = {"weights": model.fingerprint(), "tokenizer": tokenizer_fingerprint(model.tokenizer)}
        self.meter = Meter()
        if run.config.latent_weight:
            model.with_latent(run.config.members, run.config.seed)
        self.learner = Learner(model, run.config)
        self.curriculum = Curriculum(run.config)
        self.lives = Lives(model, run.config, self.curriculum)
        self.teacher = Teacher(model, run.config)
        self.exams = Exams(model, run.config.worlds, run.config.level) if run.config.exam_updates else None
        if not run.config.freeze:
            model.advised |= self.teacher.advices > 0
            model.reasons |= self.teacher.way.reasons
        self.update = self.tokens = self.situations = 0
        self.last = {"outcome": float("nan")}

    def to_the_end(self, command: str) -> None:
        """The loop itself."""
        self._resume()
        started, fresh = time.monotonic(), self.tokens
        self.timed = started
        with Interruption() as stop, self.meter.on(self.model):
            while self.progress < 1:
                self._once()
                try:
                    if self.watch:
                        self.watch(self._moment(time.monotonic() - started, self.tokens - fresh))
                    stop.check()
                except KeyboardInterrupt:
                    self._checkpoint()
                    raise
                if self.update % self.config.checkpoint_updates == 0:
                    self._checkpoint()
        self._finish(command)

    @property
    def progress(self) -> float:
        """The share of the budget that is spent."""
        if self.config.budget_flops:
            return self.meter.flops / self.config.budget_flops
        return self.tokens / self.config.budget_tokens

    def _once(self) -> None:
        """Live when it is due, learn once, and log it: between two of these, everything can be kept."""
        progress = self.progress
        self.curriculum.advance(progress)
        if self.update % self.config.live_every == 0:
            self._live(self.config.live_episodes if self.update else self.config.first_episodes)
        lessons = self.teacher.lessons(self.update, self.curriculum.interest())
        lesson = self.learner.update(lessons.samples, self.update, progress, lessons.unrolls)
        self.curriculum.heed(lessons.kinds, lesson.surprise[: len(lessons.kinds)])
        self.last = lesson.figures
        self.update += 1
        self.tokens += lesson.tokens
        self._log(self._examined())
        self._keep(progress)

    def _keep(self, before: float) -> None:
        """Keeps the model as it is now for each equal share of the budget just passed; a resumed run keeps the same."""
        parts = self.config.keep + 1
        passed = range(int(before * parts), min(self.config.keep, int(self.progress * parts)))
        for number in passed:
            self.model.save(kept_models(self.run.folder, self.config)[number])

    def _examined(self) -> dict[str, float]:
        """The results of an exam when one is due, for the log; the curriculum takes them in."""
        if self.exams is None or self.update % self.config.exam_updates:
            return {}
        results = self.exams.sit()
        self.curriculum.examine(share_right(results), self.last.get("action_gap"))
        return {f"exam/{name}": value for name, value in results.items()}

    def _live(self, count: int) -> None:
        """A spell of living: ``count`` new episodes, remembered and recorded."""
        rng = random.Random(f"{self.config.seed}/live/{self.update}")
        for name, share in zip(self.config.worlds, _shares(count, len(self.config.worlds)), strict=True):
            episodes = self.lives.spell(name, range(self.situations, self.situations + share), rng)
            self.curriculum.observe(episodes)
            for episode in episodes:
                self.teacher.remember(episode)
            self.run.store.append(episodes, self.curriculum.stage.value)
            if failures := [episode.failure for episode in episodes if episode.failure]:
                warnings.warn(f"{failures[0]}; such episodes are kept up to there", stacklevel=2)
        self.situations += count

    # ---- bookkeeping ----------------------------------------------------------------------------------------------
    def _log(self, exam: dict[str, float]) -> None:
        self.run.log(
            update=self.update,
            tokens=self.tokens,
            stage=self.curriculum.stage.value,
            divergence=self.curriculum.divergence,
            steps=self.teacher.steps,
            flops=self.meter.flops,
            **{part: value for part, value in self.last.items() if value == value},
            **exam,
        )

    def _moment(self, seconds: float, fresh: int) -> Moment:
        budget = round(self.tokens / self.progress) if self.config.budget_flops else self.config.budget_tokens
        return Moment(
            self.config.arm, self.curriculum.stage.value, self.update, self.tokens, budget,
            self.teacher.steps, self.last["outcome"], self.curriculum.divergence, seconds, fresh,
        )  # fmt: skip

    def _checkpoint(self) -> None:
        """Experience first, then the checkpoint that counts it: what is newer than the checkpoint is dropped later."""
        parts = self.run.store.flush()
        state = {
            "update": self.update,
            "tokens": self.tokens,
            "situations": self.situations,
            "flops": self.meter.flops,
            "initial": self.initial,
            "parts": parts,
            "metrics": storage.count_lines(self.run.folder / METRICS_FILE),
            "curriculum": self.curriculum.state(),
        }
        save_checkpoint(self.run.folder, self.learner, state)
        now = time.monotonic()
        self.run.time(tokens=self.tokens, seconds=now - self.timed)
        self.timed = now

    def _resume(self) -> None:
        """Takes up the newest readable checkpoint, or starts afresh; either way nothing newer remains."""
        state = load_newest(self.run.folder, self.learner)
        self.run.rewind(state["metrics"] if state else 0, state["parts"] if state else 0)
        if state is None:
            return
        self.update, self.tokens, self.situations = state["update"], state["tokens"], state["situations"]
        self.meter.flops, self.initial = state["flops"], state["initial"]
        self.curriculum.restore(state["curriculum"])
        for episode in self.run.store.episodes():
            self.teacher.remember(episode)
        if not self.teacher.steps:
            raise BadSetting(f"the run in {self.run.folder} has a checkpoint but no experience; start a new run")

    def _finish(self, command: str) -> None:
        self._checkpoint()
        self.model.lm.eval()
        if not self.config.freeze:
            asked = self.teacher.questions > 0
            self.model.sure = how_sure(self.model, self.config.worlds, self.config.level) if asked else None
        self.model.save(self.run.model)
        storage.write_json(
            self.run.folder / SUMMARY_FILE,
            {"records": [], "tokens": self.tokens, "updates": self.update, "steps": self.teacher.steps,
             "flops": self.meter.flops, "initial": self.initial,
             "parameters": self.model.parameters, **made_by(command)},
        )  # fmt: skip


def _shares(count: int, parts: int) -> list[int]:
    """``count`` split as evenly as possible."""
    return [count // parts + (i < count % parts) for i in range(parts)]
