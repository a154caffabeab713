"""What can go wrong for a user, as a tree; each is also the standard exception a caller would expect.

ForethoughtError
├── UnknownName (KeyError)        a world, preset, arm, setting or axis that does not exist
├── BadSetting (ValueError)       a value out of range or of the wrong kind
├── BadConfig (ValueError)        a config that another version wrote, or that does not fit its run folder
├── BadAction (ValueError)        an action that a world cannot read; becomes a warning, never a crash
├── Sealed (RuntimeError)         ``facts`` or ``fork`` asked of a world while an agent acts in it
├── NotOffered (NotImplementedError)  an optional part of the world protocol that this world lacks
├── WorldFailed (RuntimeError)    a world raised; the original is the cause
├── MissingExtra (ImportError)    an optional package, or a program that it needs, is not installed
├── NotCalibrated (RuntimeError)  a gate that is not there, or that belongs to another model or planner
├── WrongState (ValueError)       a saved state that belongs to another model, tokenizer or text
├── Unmatched (ValueError)        runs that differ in what a comparison of them must hold equal
├── Damaged (OSError)             a file that cannot be read as what it should be
├── NoSpace (OSError)             the disk is full; what was recorded before is intact
├── NotWritable (PermissionError)  a folder or file that may not be written
├── UnsafePath (ValueError)       a name that would leave its folder
└── Busy (RuntimeError)           another process is using the folder
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ForethoughtError(Exception):
    """Base of every error that a user can cause or meet."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.__class__.__name__


class UnknownName(ForethoughtError, KeyError):
    """A name that does not exist; the message suggests the nearest one that does."""

    @classmethod
    def of(cls, kind: str, got: object, known: Iterable[str], advice: str = "") -> UnknownName:
        """The error for ``got`` where one of ``known`` was expected."""
        names = sorted(known)
        near = get_close_matches(str(got), names, n=1, cutoff=0.5)
        guess = f"did you mean {near[0]!r}?" if near else f"expected one of: {', '.join(names)}."
        return cls(f"{kind} {got!r} is not known; {guess}{' ' + advice if advice else ''}")


class BadSetting(ForethoughtError, ValueError):
    """A value out of range or of the wrong kind."""


class BadConfig(ForethoughtError, ValueError):
    """A config from another version, or one that does not fit its run folder."""


class BadAction(ForethoughtError, ValueError):
    """An action that the world cannot read or that is out of place; recorded as a warning."""


class Sealed(ForethoughtError, RuntimeError):
    """``facts`` or ``fork`` was asked of a world while an agent acts in it."""


class NotOffered(ForethoughtError, NotImplementedError):
    """An optional part of the world protocol that this world does not have."""


class WorldFailed(ForethoughtError, RuntimeError):
    """A world raised an exception; the original is the cause."""


class MissingExtra(ForethoughtError, ImportError):
    """An optional package, or a program that it needs, is not installed; the message says what to install."""


class NotCalibrated(ForethoughtError, RuntimeError):
    """There is no calibrated gate, or it belongs to another model or planner."""


class WrongState(ForethoughtError, ValueError):
    """A saved state that belongs to another model, tokenizer or text."""


class Unmatched(ForethoughtError, ValueError):
    """Runs that differ in what a comparison of them must hold equal."""


class Damaged(ForethoughtError, OSError):
    """A file that cannot be read as what it should be."""


class NoSpace(ForethoughtError, OSError):
    """The disk is full; what was recorded before is intact."""


class NotWritable(ForethoughtError, PermissionError):
    """A folder or file that may not be written: a read-only disk, no right to it, a file where a folder is to be."""


class UnsafePath(ForethoughtError, ValueError):
    """A name that would leave its folder."""


class Busy(ForethoughtError, RuntimeError):
    """Another process is using the folder."""
