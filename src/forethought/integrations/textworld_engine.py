"""The Java process in which TextWorldExpress plays, shared by all worlds of this Python process."""

from __future__ import annotations

import atexit
import os
from itertools import count
from shutil import which
from typing import Any, ClassVar
from weakref import WeakSet

from forethought.errors import MissingExtra
from forethought.integrations.adapter import optional

EXTRA = "textworld"
NUMBERS = count()
Parameters = dict[str, int]


class Engine:
    """One Java process; each session is a game of its own inside it (a process per game would take half a second)."""

    _running: ClassVar[Engine | None] = None

    def __init__(self) -> None:
        package = optional("textworld_express", EXTRA)
        if which("java") is None:
            raise MissingExtra(
                "TextWorldExpress needs Java, and no program 'java' is on the PATH; expected a Java runtime, 8 or "
                "later: install one (Debian: apt install default-jre-headless; conda: conda install openjdk)"
            )
        self.process = os.getpid()
        self.loads = optional("textworld_express.textworld_express", EXTRA).orjson.loads
        """The package's own reader of JSON, quick where it can be."""
        self._owner = package.TextWorldExpressEnv()
        self.sessions: WeakSet[Session] = WeakSet()
        self.latest: dict[str, int] = {}
        """For each game, the session that began it last."""

    @classmethod
    def running(cls) -> Engine:
        """The engine of this process, started if it is not running."""
        if cls._running is None or cls._running.process != os.getpid():
            cls._running = cls()
            atexit.register(cls._running.close)
        return cls._running

    def session(self) -> Session:
        """A game of its own."""
        session = Session(self, self._owner._gateway.jvm.textworldexpress.runtime.PythonInterface())
        self.sessions.add(session)
        return session

    def close(self) -> None:
        """Ends the Java process, of this process only; closing twice is fine."""
        if Engine._running is self:
            Engine._running = None
        if self.process == os.getpid() and self._owner._gateway.java_process.poll() is None:
            atexit.unregister(self.close)
            self._owner.close()
            self._owner._gateway.java_process.wait(timeout=10)


class Session:
    """One game in the engine: the calls that TextWorldExpress's own Python class makes, without its histories."""

    def __init__(self, engine: Engine, server: Any) -> None:
        self._engine, self._server, self._loads = engine, server, engine.loads
        self._loaded = ("", "")
        self._number = next(NUMBERS)

    def begin(self, game: str, parameters: str, seed: int, fold: str, gold: bool = False) -> dict[str, Any]:
        """A new episode; the state as TextWorldExpress tells it, with the task in ``taskDescription``."""
        if self._loaded != (game, parameters):
            if problem := self._server.load(game, parameters):
                raise ValueError(str(problem))
            self._loaded = (game, parameters)
        self._engine.latest[game] = self._number
        state = self._loads(self._server.generateNewGameJSON(seed, fold, gold))
        return {**state, "taskDescription": self._server.getTaskDescription()}

    def step(self, action: str) -> dict[str, Any]:
        """The state after an action."""
        state: dict[str, Any] = self._loads(self._server.stepJSON(action))
        return state

    @property
    def ours(self) -> bool:
        """Whether it belongs to this process; after a fork of the process it does not."""
        return self._engine.process == os.getpid()

    def is_latest(self, game: str) -> bool:
        """Whether no other session has begun this game since."""
        return self._engine.latest.get(game) == self._number

    def gold(self) -> list[str]:
        """The game's own solution; only after ``begin(..., gold=True)``."""
        return [str(action) for action in self._server.getGoldActionSequence()]

    def properties(self) -> Parameters:
        """What the situation was made with, as the game tells it."""
        found: Parameters = self._loads(self._server.getGenerationPropertiesJSON())
        return found

    def close(self) -> None:
        """Gives the session up; with the last one the engine ends."""
        self._engine.sessions.discard(self)
        if not self._engine.sessions:
            self._engine.close()
