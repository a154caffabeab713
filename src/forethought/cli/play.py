"""``forethought play``: a person plays a world and sees what a model expects, beforehand, and what it got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console

from forethought.cli.options import QUICKSTART, about, load_model, model_folder, parse
from forethought.cli.worlds import WorldOptions, safe, verdicts
from forethought.errors import NotOffered
from forethought.types import Harm, Progress, Step
from forethought.worlds import World

if TYPE_CHECKING:
    from forethought.models import Imagined, Model
    from forethought.transcript import Tokens

DESCRIPTION = "Play a world yourself, by number or in your own words; a model says beforehand what it expects."
SIGNS = {"right": ("✓", "green"), "missing": ("○", "yellow"), "wrong": ("✗", "red")}


@dataclass(frozen=True)
class PlayOptions(WorldOptions):
    """Which world, and who looks on."""

    model: Annotated[Path | None, about("whose expectations to see (default: the quickstart's)", "FOLDER")] = None
    seed: Annotated[int, about("the first situation")] = 0


def run(arguments: Sequence[str]) -> int:
    """Plays until the person has had enough."""
    options = parse(PlayOptions, arguments, "play", DESCRIPTION)
    world = options.found()
    console = Console(highlight=False, soft_wrap=True)
    game = Game(console, world, _onlooker(console, options.model))
    try:
        seed = options.seed
        while game.episode(seed) and game.ask("\nAnother situation? [Enter = yes, q = no] ") not in ("q", "n", "no"):
            seed += 1
    except (EOFError, KeyboardInterrupt):
        console.print()
    console.print("Goodbye.")
    return 0


def _onlooker(console: Console, folder: Path | None) -> Model | None:
    """The model whose expectations are shown, if there is one."""
    if folder is None and not (QUICKSTART / "developmental" / "model").is_dir():
        console.print("No --model was named and there is no quickstart, so nobody says what to expect.")
        return None
    path, said = model_folder(folder)
    if said:
        console.print(said)
    return load_model(path)


class Game:
    """One person in one world."""

    def __init__(self, console: Console, world: World, model: Model | None) -> None:
        self.console, self.world, self.model = console, world, model
        self.context: Tokens | None = None

    def episode(self, seed: int) -> bool:
        """One episode; False where the person wants to stop."""
        observation, info = self.world.reset(seed=seed)
        desire = str(info.get("desire", ""))
        if self.model:
            self.context = self.model.transcript.opening(desire, observation)
        self.say(f"\n[bold]You want:[/] {safe(desire)}\n[bold]You see:[/] {safe(observation)}")
        over = False
        while not over:
            chosen = self.choose()
            if chosen is None:
                return False
            action, imagined = chosen
            observation, _, terminated, truncated, info = self.world.step(action)
            self.tell(action, observation, info, imagined)
            over = terminated or truncated
        self.say(f"\n[bold]The episode is over:[/] {verdicts(info)}")
        return True

    def choose(self) -> tuple[str, Imagined | None] | None:
        """An action that the person means, with what the model expects of it; ``None`` for enough."""
        candidates = self.candidates()
        while True:
            self.say("")
            for number, candidate in enumerate(candidates, start=1):
                self.say(f"  {number}  {safe(candidate)}")
            said = self.ask("Your action (a number or words, q = quit): ")
            if said in ("q", "quit"):
                return None
            if said.isdigit() and not 1 <= int(said) <= len(candidates):
                self.say(f"There is no action {said}; expected 1 to {len(candidates)}.")
            elif said:
                action = candidates[int(said) - 1] if said.isdigit() else said
                imagined = self.expect(action)
                if imagined is None or self.ask("Do it? [Enter = yes, n = choose again] ") not in ("n", "no"):
                    return action, imagined

    def candidates(self) -> tuple[str, ...]:
        """What makes sense now; nothing where the world lists nothing."""
        try:
            return self.world.candidates()
        except NotOffered:
            return ()

    def expect(self, action: str) -> Imagined | None:
        """What the model expects of an action, said aloud."""
        if self.model is None or self.context is None:
            return None
        import torch

        with torch.inference_mode():
            imagined = self.model.imagine([self.context], [[action]])[0][0]
        chances = f"satisfied {imagined.satisfied:.0%}, failed {imagined.failed:.0%}, harmed {imagined.harmed:.0%}"
        self.say(f"[bold]The model expects:[/] {safe(imagined.text)} [dim]({chances})[/]")
        return imagined

    def tell(self, action: str, observation: str, info: dict[str, Any], imagined: Imagined | None) -> None:
        """What happened, and how that differs from what was expected."""
        warning = str(info.get("warning", ""))
        change = str(info.get("change", ""))
        progress, harm = Progress(info.get("progress", "ongoing")), Harm(info.get("harm", "none"))
        step = Step(action, change, observation, progress, harm, warning)
        self.say(f"[bold]What happens:[/] {safe(warning or change or observation)} [dim]({verdicts(info)})[/]")
        if self.model and self.context:
            if imagined is not None and not warning:
                self.compare(imagined, step)
            self.context = self.context + self.model.transcript.action(action) + self.model.transcript.outcome(step)

    def compare(self, imagined: Imagined, step: Step) -> None:
        """The difference, sentence by sentence."""
        from forethought.evaluation.examples import foreseen

        assert self.model is not None, "there is something imagined only where a model looks on"
        seen = foreseen(self.model, self.world, imagined, step)
        for part in seen.difference:
            sign, colour = SIGNS[part.mark.value]
            self.say(f"  [{colour}]{sign} {safe(part.sentence)}[/]")
        for name, said, true in (
            ("progress", seen.imagined_progress, step.progress),
            ("harm", seen.imagined_harm, step.harm),
        ):
            if said != true:
                self.say(f"  [red]✗ {name}: {said}[/] [yellow]○ {name}: {true}[/]")
        self.say("  [green]as expected[/]" if seen.right else "  not as expected")

    def ask(self, question: str) -> str:
        """What the person types."""
        return " ".join(self.console.input(question.replace("[", r"\[")).split())

    def say(self, text: str) -> None:
        """A line for the person."""
        self.console.print(text)
