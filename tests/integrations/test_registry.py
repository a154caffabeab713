"""Adapted worlds by name: found without their packages, and errors that say what to install."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

from forethought.errors import ForethoughtError, MissingExtra, UnknownName
from forethought.integrations import agentdojo_tasks
from forethought.integrations.adapter import Adapter, difference, plain, sentences
from forethought.integrations.textworld_engine import Engine
from forethought.types import NOTHING
from forethought.worlds import ADAPTED, BUILT_IN, make, world_class

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"minigrid": "minigrid", "textworld": "textworld_express", "agentdojo": "agentdojo.task_suite.load_suites"}
NEEDY = [name for name in ADAPTED if name not in ("frozenlake", "cliffwalking")]


def adapter(name: str) -> type[Adapter]:
    cls = world_class(name)
    assert issubclass(cls, Adapter)
    return cls


@pytest.mark.parametrize("name", ADAPTED)
def test_every_name_leads_to_a_world_that_calls_itself_so(name: str) -> None:
    cls = adapter(name)
    assert cls.name == name and cls.summary and cls.axes and name not in BUILT_IN
    assert set(cls.max_steps) == set(cls.levels)


@pytest.mark.parametrize("name", NEEDY)
def test_every_extra_is_one_of_the_package(name: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert adapter(name).extra in extras


def test_finding_the_classes_imports_none_of_the_packages() -> None:
    program = """
import sys
from forethought.worlds import ADAPTED, world_class
for name in ADAPTED:
    world_class(name)
print(*{"minigrid", "textworld_express", "py4j", "agentdojo", "torch"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""


def test_a_misspelt_name_is_led_to_an_adapted_world() -> None:
    with pytest.raises(UnknownName, match="frozenlake"):
        make("frozenlak")


@pytest.mark.parametrize("name", NEEDY)
def test_a_missing_package_names_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = adapter(name).extra
    monkeypatch.setattr(Engine, "_running", None)
    monkeypatch.setattr(agentdojo_tasks, "suite", agentdojo_tasks.suite.__wrapped__)
    monkeypatch.setitem(sys.modules, PACKAGES[extra], None)
    with pytest.raises(MissingExtra, match=rf"pip install 'forethought\[{extra}\]'") as caught:
        make(name)
    assert isinstance(caught.value, ForethoughtError) and isinstance(caught.value, ImportError)


def test_missing_java_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "_running", None)
    monkeypatch.setitem(sys.modules, "textworld_express", types.ModuleType("textworld_express"))
    monkeypatch.setattr("forethought.integrations.textworld_engine.which", lambda program: None)
    with pytest.raises(MissingExtra, match=r"no program 'java'.*apt install default-jre-headless"):
        make("twx-coin")


def test_text_is_put_into_the_characters_of_the_observation_space() -> None:
    assert plain("plain") == "plain"
    assert plain("Caf\u00e9 \u201cZo\u00eb\u201d \u2013 \u2615") == 'Cafe "Zoe" - ?'


def test_a_difference_is_what_was_not_said_before() -> None:
    before = "You see a box. It is shut.\nIn hand:\n  nothing"
    assert sentences(before) == ("You see a box.", "It is shut.", "In hand:", "nothing")
    assert difference(before, ("You open the box.", "You see a box. It is open.")) == "You open the box.\nIt is open."
    assert difference(before, (before, before)) == NOTHING
