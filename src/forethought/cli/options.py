"""Command line options, generated from dataclasses and configs by tyro."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import tyro

from forethought.config import TrainConfig
from forethought.errors import BadSetting, Damaged

if TYPE_CHECKING:
    from forethought.models import Model

OptionsT = TypeVar("OptionsT")
QUICKSTART = Path("runs/quickstart")


def parse(options: type[OptionsT], arguments: Sequence[str], command: str, description: str) -> OptionsT:
    """The options of a command; exits with 2 and a suggestion where they cannot be understood."""
    return tyro.cli(options, args=list(arguments), prog=f"forethought {command}", description=description)


def about(words: str, metavar: str | None = None, aliases: tuple[str, ...] = ()) -> object:
    """What the help says of an option; with a ``metavar`` for its value where the default is nothing."""
    return tyro.conf.arg(help=words, metavar=metavar, help_behavior_hint="" if metavar else None, aliases=aliases)


def settings_of(defaults: TrainConfig, base: type[OptionsT]) -> type[OptionsT]:
    """A dataclass that adds every setting of a train config, with ``defaults``, to the options of ``base``."""
    fields: list[Any] = []
    for name, field in TrainConfig.model_fields.items():
        if name != "version":
            also = ("--world",) if name == "worlds" else ()
            kind: Any = cast(Any, Annotated)[field.annotation, about(field.description or "", aliases=also)]
            fields.append((name, kind, dataclasses.field(default=getattr(defaults, name))))
    made = dataclasses.make_dataclass(base.__name__, fields, bases=(base,), frozen=True)
    return cast("type[OptionsT]", made)


def config_of(options: object) -> TrainConfig:
    """The train config in options that ``settings_of`` made; ``BadSetting`` where a value is out of range."""
    return TrainConfig.of(**{name: getattr(options, name) for name in TrainConfig.model_fields if name != "version"})


def peek(arguments: Sequence[str], *names: str) -> dict[str, str | None]:
    """The raw values of some options before the rest can be understood, because they decide the others' defaults."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for name in names:
        early.add_argument(f"--{name}", f"--{name.replace('-', '_')}", dest=name, nargs="?")
    try:
        return vars(early.parse_known_args(list(arguments))[0])
    except argparse.ArgumentError:
        return dict.fromkeys(names)


def whole_number(text: str | None, name: str) -> int | None:
    """A peeked value as a number; ``BadSetting`` says which option is not one."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise BadSetting(f"--{name} {text!r} is not a whole number") from error


def load_model(folder: Path) -> Model:
    """A model from a folder, without the progress bars of the library that reads it."""
    quiet_bars()
    from forethought.models import Model

    return Model.from_pretrained(folder)


def quiet_bars() -> None:
    """No progress bars from the library that reads and writes models: these take an instant."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def model_folder(folder: Path | None) -> tuple[Path, str]:
    """Where a model lies (a run folder's ``model/``, or the folder itself) and what to say about it.

    Without a folder it is the quickstart's. ``Damaged`` or ``BadSetting`` say what is missing.
    """
    said = ""
    if folder is None:
        folder = QUICKSTART / "developmental"
        said = f"No --model was named, so the quickstart's is used: {folder}"
        if not (folder / "model").is_dir():
            raise BadSetting("no --model was named and there is no quickstart; run 'forethought quickstart' first")
    if not folder.is_dir():
        raise BadSetting(f"there is no folder {os.fspath(folder)!r}; expected a run folder or a model's folder")
    if (folder / "model").is_dir():
        return folder / "model", said
    if (folder / "metrics.jsonl").exists():
        raise BadSetting(f"{folder} holds a run that is not finished, so no model yet; 'forethought train' goes on")
    if not (folder / "config.json").exists():
        raise Damaged(f"{folder} holds neither a finished run nor a model; expected model/ or config.json in it")
    return folder, said
