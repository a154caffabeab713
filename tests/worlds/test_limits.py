"""The time limit: what it ends, what it leaves alone, and what it costs nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from forethought.worlds import limits
from forethought.worlds.limits import TookTooLong, within


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    limits.watch()
    yield
    assert signal.getsignal(limits.SIGNAL) not in (signal.SIG_DFL, signal.SIG_IGN)


def test_what_returns_in_time_is_returned_and_what_it_raises_is_raised() -> None:
    assert within(5, max, 3, 4) == 4
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    time.sleep(0.3)  # nothing rings afterwards


def test_what_hangs_is_ended_where_it_hung() -> None:
    start = time.monotonic()
    with pytest.raises(TookTooLong, match=rf"longer than 0\.1 s and was ended at {__file__}:\d+"):
        within(0.1, lambda: time.sleep(20))
    assert 0.1 <= time.monotonic() - start < 3
    time.sleep(0.3)


def test_the_shorter_of_two_limits_holds() -> None:
    start = time.monotonic()
    with pytest.raises(TookTooLong):
        within(0.1, within, 30, time.sleep, 20)
    with pytest.raises(TookTooLong):
        within(30, within, 0.1, time.sleep, 20)
    assert within(30, lambda: [within(20, int, "1"), time.sleep(0.3)][0]) == 1
    assert time.monotonic() - start < 6


def test_the_callers_own_alarm_rings_as_before() -> None:
    rung: list[int] = []
    before, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        within(5, time.sleep, 0.2)
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)
    assert rung == [signal.SIGALRM]


def test_a_handler_that_was_there_before_is_still_called() -> None:
    mine: list[int] = []
    ours = signal.signal(limits.SIGNAL, lambda number, frame: mine.append(number))
    watch = limits._Watch()
    try:
        watch.start()
        signal.raise_signal(limits.SIGNAL)
        assert mine == [limits.SIGNAL]
    finally:
        signal.signal(limits.SIGNAL, ours)


def test_in_another_thread_there_is_no_limit() -> None:
    done: list[int] = []

    def work() -> None:
        limits.watch()
        within(0.01, time.sleep, 0.4)
        done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


def test_a_forked_process_watches_anew() -> None:
    child = os.fork()
    if child == 0:
        limits.watch()
        try:
            within(0.1, time.sleep, 20)
        except TookTooLong:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
