"""What a memory keeps: a turn, who said it, when and in which conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forethought.errors import BadSetting

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def to_milliseconds(at: datetime | None) -> int | None:
    """Milliseconds since 1970 in UTC."""
    if at is None:
        return None
    if not isinstance(at, datetime):
        raise BadSetting(f"got {at!r} as the time of a turn; expected a datetime, or None where it is not known")
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int | None) -> datetime | None:
    """The time that ``to_milliseconds`` wrote."""
    return None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)


def read_time(text: str) -> datetime:
    """A time as ISO 8601 writes it; ``BadSetting`` where it does not."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(f"{text!r} is no time; expected ISO 8601, such as 2024-05-31T18:30:00+02:00") from error
