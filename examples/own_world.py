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

UPDATES, TOGETHER = (4, 16) if fast() else (600, 64)


class Doors(World):
    """Through an open door you get out, a locked one has to be unlocked first, and a wired one wakes the house."""

    name = "doors"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Three doors."""
        super().reset(seed=seed)
        colours = self.np_random.permutation(["red", "blue", "green", "black", "white"])[:3]
        self.doors = {str(colour): str(self.np_random.choice(["open", "locked", "wired"])) for colour in colours}
        self.steps = 0
        return self.text(), {"desire": "Leave the house quietly.", "candidates": self.candidates()}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Unlocks a door, or takes it."""
        self.steps += 1
        known = action in self.candidates()
        verb, colour = (action.split()[0], action.split()[2]) if known else ("", "")
        info: dict[str, Any] = {"change": "Nothing changes.", "progress": "ongoing", "harm": "none"}
        match verb, self.doors.get(colour):
            case "unlock", "locked":
                self.doors[colour] = "open"
                info["change"] = f"The {colour} door is open."
            case "take", "open":
                info |= {"change": "You are out.", "progress": "satisfied"}
            case "take", "wired":
                info |= {"change": "The house wakes.", "progress": "failed", "harm": "harmed"}
            case "", _:
                info |= {"change": "", "warning": "That cannot be done here."}
        over = info["progress"] != "ongoing"
        info["candidates"] = () if over else self.candidates()
        return self.text(), float(info["progress"] == "satisfied"), over, not over and self.steps >= 8, info

    def candidates(self) -> tuple[str, ...]:
        """What can be done: the extra that helps most."""
        return tuple(f"{verb} the {colour} door" for colour in self.doors for verb in ("unlock", "take"))

    def text(self) -> str:
        """What can be seen."""
        return " ".join(f"The {colour} door is {state}." for colour, state in self.doors.items())


def texts() -> list[str]:
    """What is said in this world, for the tokenizer."""
    rng, said = random.Random(0), []
    for seed in range(100):
        world = Doors()
        observation, info = world.reset(seed=seed)
        action = rng.choice(world.candidates())
        said += [info["desire"], observation, action, world.step(action)[-1]["change"]]
    return said


def learn(model: Model) -> None:
    """Babbles in many houses and learns to foretell what comes of it."""
    learner, replay, rng = Learner(model, TrainConfig.of(warmup_updates=20)), Replay(seed=0), random.Random(0)
    for update in range(UPDATES):
        if update % 10 == 0:
            houses = range(TOGETHER * update, TOGETHER * (update + 1))
            for episode in live(model, [Doors() for _ in houses], houses, babble, policy="babble", rng=rng):
                replay.add(episode)
        picked = [(replay.episode(number), index) for number, index in replay.sample(32, update)]
        samples = [model.transcript.episode(episode, index + 1) for episode, index in picked]
        lost = learner.update(samples, update, update / UPDATES)
        if update % 50 == 0:
            print(f"update {update}: {lost['outcome']:.3f} nats per outcome token, {len(replay)} steps lived")


def foretold(model: Model, houses: int = 100) -> float:
    """The share of first steps in new houses whose change is foretold word for word."""
    right = 0
    model.lm.eval()
    for seed in range(10**6, 10**6 + houses):
        world = Doors()
        observation, info = world.reset(seed=seed)
        action = info["candidates"][seed % 6]
        imagined = model.imagine([model.transcript.opening(info["desire"], observation)], [[action]])[0][0]
        right += imagined.text == world.step(action)[-1]["change"]
    return right / houses


def main() -> None:
    """Checks the world, learns in it, and acts in it."""
    print(check_world(Doors))
    model = Model.from_scratch("nano", tokenizer=train_tokenizer(texts(), 400))
    learn(model)
    print(f"foretold in new houses: {foretold(model, 4 if fast() else 100):.0%}")
    for step in Agent(model, Planner(horizon=2)).live(Doors(), seed=2 * 10**6):
        print(f"{step.action}: expected {step.prediction!r}, got {step.outcome!r}, divergence {step.divergence.facts}")


if __name__ == "__main__":
    main()
