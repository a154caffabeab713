"""Errors: the tree in the docstring is the tree, each error is what a caller would catch, messages help."""

import builtins
import inspect
import pickle
import re

import pytest

from forethought import errors

EVERY: dict[str, type[Exception]] = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__ == "forethought.errors"
}
DRAWN = dict(re.findall(r"[├└]── (\w+) \((\w+)\)", errors.__doc__ or ""))


def test_the_docstring_draws_every_error_with_its_standard_base() -> None:
    assert set(DRAWN) == set(EVERY) - {"ForethoughtError"}
    for name, base in DRAWN.items():
        assert issubclass(EVERY[name], errors.ForethoughtError)
        assert issubclass(EVERY[name], getattr(builtins, base)), f"{name} is drawn as a {base}"


@pytest.mark.parametrize("name", sorted(EVERY))
def test_an_error_shows_its_message_as_written_and_crosses_processes(name: str) -> None:
    error = EVERY[name]("it's there, go left")
    assert str(error) == "it's there, go left"  # a plain KeyError would show it quoted
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_error_without_a_message_shows_its_name() -> None:
    assert str(errors.Busy()) == "Busy"


def test_an_unknown_name_suggests_the_nearest_and_says_what_to_do() -> None:
    error = errors.UnknownName.of("world", "eranda", ["errand", "cliff"], "'forethought worlds' lists all")
    assert str(error) == "world 'eranda' is not known; did you mean 'errand'? 'forethought worlds' lists all"
    with pytest.raises(KeyError):
        raise error


def test_an_unknown_name_that_is_near_to_none_lists_all() -> None:
    assert str(errors.UnknownName.of("arm", "xyz", ["imitation", "developmental"])) == (
        "arm 'xyz' is not known; expected one of: developmental, imitation."
    )
