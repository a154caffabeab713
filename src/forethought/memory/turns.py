"""What a memory keeps: a turn, who said it, when and in which conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forethought.errors import BadSetting, Damaged
from forethought.memory import checks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_NAME = 1000
"""Characters of a speaker's or a conversation's name."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said, word for word.

    ``id`` is its number in the memory, from 1 on, never used again; ``at`` is in UTC, None where it is not known.
    """

    id: int
    conversation: str
    speaker: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A turn to be kept. A ``datetime`` without a time zone is taken as UTC."""

    speaker: str
    text: str
    at: datetime | None = None
    conversation: str = ""


def check(turn: Said | Turn) -> None:
    """Raises ``BadSetting`` where a turn cannot be kept as it is; its text is looked at when it is compressed."""
    if not isinstance(turn, Said | Turn):
        raise BadSetting(f"got {type(turn).__name__} as a turn; expected Said(speaker, text, at, conversation)")
    for what, name in (("speaker", turn.speaker), ("conversation", turn.conversation)):
        if len(checks.text(f"the {what}", name)) > LONGEST_NAME:
            raise BadSetting(
                f"got {name[:40]!r}... of {len(name):,} characters as the {what}; expected at most {LONGEST_NAME:,}"
            )
    to_milliseconds(turn.at)


def to_milliseconds(at: datetime | None, of: str = "a turn") -> int | None:
    """Milliseconds since 1970 in UTC. Raises ``BadSetting`` for what is no time, or none of the years 1 to 9999."""
    if at is None:
        return None
    if not isinstance(at, datetime):
        raise BadSetting(f"got {at!r} as the time of {of}; expected a datetime, or None where it is not known")
    try:
        aware = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as error:
        raise BadSetting(f"got {at} as the time of {of}; in UTC that is before year 1 or after 9999") from error
    return (aware - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int | None) -> datetime | None:
    """The time that ``to_milliseconds`` wrote. Raises ``Damaged`` for a number that it never writes."""
    try:
        return None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, TypeError) as error:
        raise Damaged(
            f"a turn's time is damaged: {milliseconds!r} milliseconds; 'forethought memory salvage' keeps its text"
        ) from error


def read_time(text: str) -> datetime:
    """A time as ISO 8601 writes it. Raises ``BadSetting`` where it does not."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"{text!r} is no time; expected ISO 8601, such as 2024-05-31T18:30:00+02:00") from error
