"""A time limit on somebody else's code: a world that hangs is ended, and whoever called it goes on.

A watching thread sends a signal to the main thread when a call is overdue; the handler raises there. So nothing is
paid while all goes well (two clock readings; arming a timer with ``setitimer`` for each step cost 9% of a quick
world's step), sleeping and waiting for a socket are ended too, worlds stay in the thread that made them, and nobody's
``SIGALRM`` is touched. It covers Python code and system calls of the main thread. It does not cover other threads,
or native code that never comes back to Python: run such a world in a process of its own.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable
from threading import get_ident
from time import monotonic
from types import FrameType
from typing import TypeVar

ValueT = TypeVar("ValueT")
SIGNAL = signal.SIGVTALRM
TICK = 0.2
"""Seconds between two looks at the clock: how late a call may be ended."""
STEP_SECONDS = 10.0
"""How long a step may take before the world counts as hanging; its episode ends there."""
RESET_SECONDS = 60.0
"""The same for a reset, which may have to start something."""
INSIST = 1.0
"""Seconds after which a call that swallowed its end is ended again."""


class TookTooLong(TimeoutError):
    """A call had to be ended; the message says where it hung."""


class _Overdue(BaseException):
    """Raised inside the call that is overdue; not an ``Exception``, so that ``except Exception`` does not keep it."""


class _Watch:
    """The thread, and until when the call in progress may take (monotonic seconds; infinite while there is none)."""

    def __init__(self) -> None:
        self.until, self.main = math.inf, 0
        self._thread: threading.Thread | None = None
        self._before: object = None

    def start(self) -> None:
        """Makes sure that somebody watches; only the main thread can ask for it."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.main = get_ident()
        if signal.getsignal(SIGNAL) != self._ring:
            self._before = signal.signal(SIGNAL, self._ring)
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="forethought: time limit of worlds", daemon=True)
            self._thread.start()

    def forget(self) -> None:
        """In a forked process the thread is gone, and nothing is in progress."""
        self.until, self.main, self._thread = math.inf, 0, None

    def _look(self) -> None:
        while True:
            time.sleep(min(TICK, max(0.001, self.until - monotonic())))
            if monotonic() >= self.until and signal.getsignal(SIGNAL) == self._ring:
                signal.pthread_kill(self.main, SIGNAL)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        now = monotonic()
        if now >= self.until:
            self.until = now + INSIST
            raise _Overdue(f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "an unknown place")
        if callable(self._before):
            self._before(number, frame)


_watch = _Watch()
os.register_at_fork(after_in_child=_watch.forget)


def watch() -> None:
    """Starts watching; cheap to ask again, and needed once before ``within`` limits anything."""
    _watch.start()


def within(seconds: float, call: Callable[..., ValueT], *arguments: object) -> ValueT:
    """What ``call(*arguments)`` returns; ``TookTooLong`` if it takes longer (``TICK`` later at most)."""
    outer = _watch.until
    if get_ident() != _watch.main:
        return call(*arguments)
    try:
        until = monotonic() + seconds
        _watch.until = until if until < outer else outer
        returned = call(*arguments)
        _watch.until = outer
        return returned
    except _Overdue as overdue:
        _watch.until = outer
        raise TookTooLong(f"it took longer than {seconds:g} s and was ended at {overdue}") from None
    except BaseException:
        _watch.until = outer
        raise


__all__ = ["RESET_SECONDS", "STEP_SECONDS", "TookTooLong", "watch", "within"]
