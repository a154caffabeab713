"""``Chat``: a conversation with a model that remembers; what is said is on the disk before it is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from forethought.errors import BadSetting
from forethought.memory import checks
from forethought.memory.memory import Memory
from forethought.memory.passage import Line, Passage
from forethought.memory.prompt import DIGESTED
from forethought.memory.reader import Reader, Reading
from forethought.memory.turns import Turn

ASKED = 2000
"""Characters, the last ones, of what is said that are looked up."""
LEAST_TURN = 4
"""Tokens that a turn takes at least, so that no more turns are read than could fit."""


class Chat:
    """A conversation that recalls from a memory and is kept in it; one speaker, one model.

    ``model`` as ``Memory.chat`` says; ``settings`` are the ``Reader``'s (``mode``, ``max_new_tokens``, ``max_tokens``).
    What is recalled may come from every conversation in the memory, up to ``budget_tokens`` as the model counts them.
    The last ``recent`` turns of this conversation are always among what is read. What the model itself said is no
    evidence, unless ``own_words``: small models would take their guesses for facts.
    """

    def __init__(
        self,
        memory: Memory,
        model: Any,
        tokenizer: Any = None,
        *,
        budget_tokens: int = 512,
        conversation: str = "",
        speaker: str = "user",
        name: str = "assistant",
        recent: int = 2,
        own_words: bool = False,
        **settings: Any,
    ) -> None:
        checks.whole("budget_tokens", budget_tokens, least=1)
        checks.whole("recent", recent, least=0)
        checks.text("the conversation", conversation)
        checks.two_names(speaker, name)
        self.memory, self.reader = memory, _reader(model, tokenizer, settings)
        self.budget_tokens, self.recent, self.own_words = budget_tokens, recent, own_words
        self.conversation, self.speaker, self.name = conversation, speaker, name
        self.recalled: Passage | None = None
        """What was recalled for the last answer: ``recalled.text`` cites a turn in each line."""
        self.reading: Reading | None = None
        """The last answer with what it took."""

    def say(self, text: str, on_text: Callable[[str], None] | None = None) -> str:
        """Keep what is said, and answer it; the answer is kept too. ``on_text`` gets each piece as it is written.

        If it is interrupted (Ctrl-C), what was said and what there is of the answer are kept. Raises ``BadSetting`` for
        an empty text.
        """
        if not isinstance(text, str) or not text.strip():
            raise BadSetting(f"got {text!r} to say; expected a text")
        pieces: list[str] = []

        def passed_on(piece: str) -> None:
            pieces.append(piece)
            if on_text is not None:
                on_text(piece)

        number = self.memory.append(self.speaker, text, conversation=self.conversation)
        try:
            told, history = self._context(text, number)
            self.reading = self.reader.answer(text, told, history, on_text=passed_on)
        except BaseException:
            self._answered("".join(pieces).strip())
            raise
        self._answered(self.reading.text)
        return self.reading.text

    def _answered(self, text: str) -> None:
        if text:
            self.memory.append(self.name, text, conversation=self.conversation)

    def _context(self, text: str, number: int) -> tuple[list[Line], list[Turn]]:
        """The lines to be read before the answer, and the history for the modes that read it."""
        mode, memory = self.reader.mode, self.memory
        if mode == "full":
            self.recalled = None
            return [], self._last(self._most(), number)
        history = self._last(DIGESTED, number) if mode == "gist" else []
        last = self._last(self.recent, number)
        near = [] if mode == "gist" else last
        unheard = () if self.own_words else (self.name,)
        size = sum(self._count(turn.text) for turn in near)
        self.recalled = memory.recall(
            text[-ASKED:],
            max(self.budget_tokens - size, self.budget_tokens // 2, 1),
            asker=self.speaker,
            before=number,
            without=unheard,
            said=[turn.text for turn in last if turn.speaker not in unheard],
            count=self._count,
        )
        known = {line.turn.id for line in self.recalled.lines}
        extra = [Line(turn, turn.text, 0.0) for turn in near if turn.id not in known]
        return sorted([*self.recalled.lines, *extra], key=lambda line: line.turn.id), history

    def _last(self, most: int, number: int) -> list[Turn]:
        return self.memory.latest(most, conversation=self.conversation, before=number)

    def _most(self) -> int:
        """Turns that the reader could have room for."""
        return 1 << 31 if self.reader.max_tokens is None else self.reader.max_tokens // LEAST_TURN

    def _count(self, text: str) -> int:
        return len(self.reader.format.plain(text))


def _reader(model: Any, tokenizer: Any, settings: dict[str, Any]) -> Reader:
    if isinstance(model, Reader):
        if settings or tokenizer is not None:
            names = ", ".join([*settings, *(["tokenizer"] if tokenizer is not None else [])])
            raise BadSetting(f"a Reader has its own settings; give {names} to the Reader instead")
        return model
    if isinstance(model, str | Path):
        return Reader.open(model, **settings)
    return Reader(model, tokenizer, **settings)
