"""A world of your own and a model that learns its law from nothing but trying: the whole loop on one page.

python examples/own_world.py            # some minutes on one core
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
from typing import Any

from forethought import Model, Planner, World, check_world
from forethought.agent import Agent
from forethought.config import TrainConfig
from forethought.experience import Replay
from forethought.models import train_tokenizer
from forethought.training.learner import Learner
from forethought.training.live import babble, live
from forethought.training.recipes import fast

UPDATES, TOGETHER = (4, 16) if fast() else (300, 64)
ISLANDS = ("Alba", "Brand", "Corra", "Dune", "Elba", "Fara", "Gull", "Hest")


class Harbour(World):
    """A boat on a rope runs aground at low tide and capsizes in a strong wind; whoever waits gets there."""

    name = "harbour"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """A rope, a tide, a wind and an island."""
        super().reset(seed=seed)
        pick = self.np_random.choice
        self.rope, self.tide, self.wind = (
            str(pick(["tied", "loose"])),
            str(pick(["low", "high"])),
            str(pick(["strong", "calm"])),
        )
        self.island, self.steps = str(pick(ISLANDS)), 0
        return self.text(), {"desire": f"Bring me to {self.island}.", "candidates": self.candidates()}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Makes ready, or sails."""
        self.steps += 1
        info: dict[str, Any] = {"change": "Nothing changes.", "progress": "ongoing", "harm": "none"}
        match action, self.rope, self.tide, self.wind:
            case "untie the rope", "tied", _, _:
                self.rope, info["change"] = "loose", "The rope is loose."
            case "wait for the tide", _, "low", _:
                self.tide, info["change"] = "high", "The tide is high."
            case "wait for the wind", _, _, "strong":
                self.wind, info["change"] = "calm", "The wind is calm."
            case "set sail", "loose", "low", _:
                info |= {"change": "The boat runs aground.", "progress": "failed", "harm": "harmed"}
            case "set sail", "loose", "high", "strong":
                info |= {"change": "The boat capsizes.", "progress": "failed", "harm": "harmed"}
            case "set sail", "loose", "high", "calm":
                info |= {"change": f"You are on {self.island}.", "progress": "satisfied"}
            case _ if action not in self.candidates():
                info |= {"change": "", "warning": "That cannot be done here."}
        over = info["progress"] != "ongoing"
        info["candidates"] = () if over else self.candidates()
        return self.text(), float(info["progress"] == "satisfied"), over, not over and self.steps >= 8, info

    def candidates(self) -> tuple[str, ...]:
        """What can be done: the extra that helps most."""
        return "untie the rope", "wait for the tide", "wait for the wind", "set sail"

    def text(self) -> str:
        """What can be seen."""
        return f"The rope is {self.rope}. The tide is {self.tide}. The wind is {self.wind}."


def texts() -> list[str]:
    """What is said in this world, for the tokenizer."""
    rng, said = random.Random(0), []
    for seed in range(100):
        world = Harbour()
        observation, info = world.reset(seed=seed)
        action = rng.choice(world.candidates())
        said += [info["desire"], observation, action, world.step(action)[-1]["change"]]
    return said


def learn(model: Model) -> None:
    """Babbles in many harbours and learns to foretell what comes of it."""
    learner, replay, rng = Learner(model, TrainConfig.of(warmup_updates=20)), Replay(seed=0), random.Random(0)
    for update in range(UPDATES):
        if update % 10 == 0:
            boats = range(TOGETHER * update, TOGETHER * (update + 1))
            for episode in live(model, [Harbour() for _ in boats], boats, babble, policy="babble", rng=rng):
                replay.add(episode)
        picked = [(replay.episode(number), index) for number, index in replay.sample(32, update)]
        samples = [model.transcript.episode(episode, index + 1) for episode, index in picked]
        lost = learner.update(samples, update, update / UPDATES).figures
        if update % 50 == 0:
            print(f"update {update}: {lost['outcome']:.3f} nats per outcome token, {len(replay)} steps lived")


def foretold(model: Model, boats: int = 100) -> float:
    """The share of first steps in new situations whose change is foretold word for word."""
    right = 0
    model.lm.eval()
    for seed in range(10**6, 10**6 + boats):
        world = Harbour()
        observation, info = world.reset(seed=seed)
        action = info["candidates"][seed % 4]
        imagined = model.imagine([model.transcript.opening(info["desire"], observation)], [[action]])[0][0]
        right += imagined.text == world.step(action)[-1]["change"]
    return right / boats


def main() -> None:
    """Checks the world, learns in it, and acts in it."""
    print(check_world(Harbour))
    model = Model.from_scratch("nano", tokenizer=train_tokenizer(texts(), 400))
    learn(model)
    print(f"foretold in new situations: {foretold(model, 4 if fast() else 100):.0%}")
    for step in Agent(model, Planner(horizon=2)).live(Harbour(), seed=2 * 10**6):
        print(f"{step.action}: expected {step.prediction!r}, got {step.outcome!r}, divergence {step.divergence.facts}")


if __name__ == "__main__":
    main()
