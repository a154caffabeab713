"""The command line: one thin module per command, imported only when that command runs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from forethought.errors import ForethoughtError, UnknownName

COMMANDS = {
    "quickstart": "train two small models side by side, compare them, write a report",
    "train": "train a model in a run folder, or go on where it stopped",
    "compare": "train several arms with several seeds and say what there is evidence for",
    "capacity": "how many parameters each arm needs: memorised against extrapolated, by size",
    "eval": "measure a model on situations that training never meets",
    "report": "write report.html for one or more run folders",
    "worlds": "list the worlds, check one, watch one being lived in",
    "act": "let an agent live in a world and see what it imagines",
    "ask": "ask what to do and hear what each way would cause",
    "play": "play a world yourself and see what a model expects",
    "memory": "keep conversations word for word, recall what a question needs",
    "chat": "talk with a local language model that remembers what was said",
}
"""Each command with its one line; the module of the same name has ``run(arguments) -> exit code``."""

BAD, INTERRUPTED = 2, 130
PARENT = "FORETHOUGHT_PARENT"
"""The process that started this one as a job; when it dies, this one keeps its work and stops too."""
LOOK = 1.0
"""Seconds between two looks whether it lives."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 not as it should be, 2 asked wrongly, 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _quiet_threads()
    if arguments is None and PARENT in os.environ:
        threading.Thread(target=_watch_parent, args=(int(os.environ[PARENT]),), daemon=True).start()
    warnings.showwarning = _show_warning
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"forethought {version('forethought')}")
        return 0
    return _guarded(words[0], words[1:])


def usage() -> str:
    """The help text: what there is to run."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{line}" for name, line in COMMANDS.items()]
    return "\n".join(
        [
            "usage: forethought COMMAND [OPTIONS]",
            "",
            "Language models that learn from the consequences of their own actions.",
            "",
            *lines,
            "",
            "'forethought COMMAND --help' lists a command's options; 'forethought --version' says which one this is.",
        ]
    )


def _guarded(command: str, arguments: list[str]) -> int:
    """Runs a command; what a user can cause is told in one line, without a traceback."""
    try:
        if command not in COMMANDS:
            raise UnknownName.of("command", command, COMMANDS, "'forethought --help' lists all.")
        code = import_module(f"forethought.cli.{command}").run(arguments)
        sys.stdout.flush()
        return int(code)
    except ForethoughtError as error:
        print(f"forethought: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD
    except KeyboardInterrupt:
        print("\nforethought: stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output (head, less) has seen enough
        with suppress(BrokenPipeError):
            sys.stdout.close()
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def _quiet_threads() -> None:
    """Before torch starts: threads that spin while they wait slow each other down many times over."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _watch_parent(parent: int) -> None:
    """Ends this process, as SIGTERM does, when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGTERM)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    """A warning as one line for people."""
    print(f"forethought: note: {' '.join(str(message).split())}", file=sys.stderr)


__all__ = ["COMMANDS", "main", "usage"]
