"""A world of your own and a model that learns its law from nothing but trying: the whole loop on one page.

    python examples/own_world.py
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


class Doors(World):
    """Only a key of the door's own colour opens it; any other one breaks the lock."""

    name = "doors"
    colours = ("red", "blue", "green", "black", "white", "brown")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """A door, and three keys of which one fits."""
        super().reset(seed=seed)
        drawn = [self.colours[i] for i in self.np_random.permutation(len(self.colours))[:3]]
        self.door, self.keys, self.held, self.steps = drawn[self.np_random.integers(3)], drawn, "no", 0
        return self.text(), {"desire": f"Get through the {self.door} door.", "candidates": self.candidates()}

    def candidates(self) -> tuple[str, ...]:
        """The extra that helps most: what can be done here."""
        return (*(f"take the {key} key" for key in self.keys), "turn the key")

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Takes a key, or turns the one in the hand."""
        self.steps += 1
        info: dict[str, Any] = {"change": "Nothing changes.", "progress": "ongoing", "harm": "none"}
        if action == "turn the key" and self.held == self.door:
            info |= {"change": "The door opens.", "progress": "satisfied"}
        elif action == "turn the key" and self.held != "no":
            info |= {"change": "The lock breaks.", "progress": "failed", "harm": "harmed"}
        elif action in self.candidates() and action != f"take the {self.held} key" and action != "turn the key":
            self.held = action.split()[2]
            info |= {"change": f"You hold the {self.held} key."}
        elif action not in self.candidates():
            info |= {"change": "", "warning": f"Nobody knows how to {action!r}."}
        over = info["progress"] != "ongoing"
        info["candidates"] = () if over else self.candidates()
        return self.text(), float(info["progress"] == "satisfied"), over, not over and self.steps >= 8, info

    def text(self) -> str:
        """What can be seen."""
        one, two, three = self.keys
        lying = f"There are a {one} key, a {two} key and a {three} key."
        return f"The door is {self.door}. {lying} You hold {'the ' + self.held if self.held != 'no' else 'no'} key."


def texts() -> list[str]:
    """What is said in this world, for the tokenizer."""
    rng, said = random.Random(0), []
    for seed in range(100):
        world = Doors()
        observation, info = world.reset(seed=seed)
        action = rng.choice(world.candidates())
        said += [info["desire"], observation, action, world.step(action)[-1]["change"]]
    return said


def main() -> None:
    """Checks the world, learns in it by trying things, and then acts in it."""
    print(check_world(Doors))
    model = Model.from_scratch("nano", tokenizer=train_tokenizer(texts(), 400))
    config, rng = TrainConfig(warmup_updates=20), random.Random(0)
    learner, replay = Learner(model, config), Replay(seed=0)
    for update in range(UPDATES):
        if update % 10 == 0:
            seeds = range(TOGETHER * update, TOGETHER * (update + 1))
            for episode in live(model, [Doors() for _ in seeds], seeds, babble, policy="babble", rng=rng):
                replay.add(episode)
        picked = [(replay.episode(number), index) for number, index in replay.sample(32, update)]
        samples = [model.transcript.episode(episode, index + 1) for episode, index in picked]
        lost = learner.update(samples, update, update / UPDATES)
        if update % 25 == 0:
            print(f"update {update}: {lost['outcome']:.3f} nats per outcome token, {len(replay)} steps lived")
    for step in Agent(model, Planner(horizon=2)).live(Doors(), seed=10**6):
        print(f"{step.action}: expected {step.prediction!r}, got {step.outcome!r}, divergence {step.divergence.facts}")


if __name__ == "__main__":
    main()
