"""A text as a compressed frame: zstd with a dictionary, so that even a short turn becomes shorter.

The dictionary ``CHAT`` ships with the package (made by ``benchmarks/memory_dictionary.py`` from generated text and this
project's own documentation); another one is trained on a memory's own turns by ``compact``.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from forethought.errors import BadSetting, Damaged

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PLAIN, BARE, CHAT = 0, -1, -2
"""How a frame was made: as it is; zstd without a dictionary; zstd with the shipped one. A memory's own dictionaries
have positive numbers."""
FAST, SMALL = 12, 19
"""zstd's levels for a turn that is kept, and for ``compact``."""
MAGIC = b"\x28\xb5\x2f\xfd"
"""A frame's first four bytes, always the same: left out of the file."""
OWN_BYTES, SHARE = 112 * 1024, 8
"""A memory's own dictionary: at most so many bytes, and one for so many of the texts it is learned from."""
SEPARATOR = b"\xff"
"""Between the texts of a pack: no text has this byte, since UTF-8 never does."""
LARGEST = 1 << 30
"""A text is held in memory whole; SQLite's own limit for one value is this too."""


def raw(text: str) -> bytes:
    """A text's bytes; lone surrogates survive. Raises ``BadSetting`` where it is no text, or too long."""
    if not isinstance(text, str):
        raise BadSetting(f"got {type(text).__name__} as text; expected str. Decode bytes first.")
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > LARGEST // 2:
        raise BadSetting(f"a text of {len(data):,} bytes is too long; at most {LARGEST // 2:,}. Split it into turns.")
    return data


def unraw(data: bytes) -> str:
    """The text of bytes that ``raw`` made. Raises ``Damaged`` where they are none."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise Damaged(f"a text is damaged ({error}); 'forethought memory salvage' keeps the others") from error


def digest(data: bytes) -> int:
    """A text's short fingerprint (32 bits): finds candidates for sameness and notices damage."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big", signed=True)


class Codec:
    """Compresses and decompresses with one dictionary (``None``: without); not for several threads at once."""

    def __init__(self, dictionary: bytes | None) -> None:
        try:
            self._dictionary = zstd.ZstdDict(dictionary) if dictionary is not None else None
        except (ValueError, zstd.ZstdError) as error:
            raise Damaged(
                f"a dictionary of this memory cannot be read ({error}); 'forethought memory salvage' keeps the rest"
            ) from error
        self._compressors: dict[int, zstd.ZstdCompressor] = {}

    def pack(self, data: bytes, level: int = FAST) -> bytes:
        """The frame of ``data``, without its first four bytes."""
        if level not in self._compressors:
            options: dict[int, int] = {
                zstd.CompressionParameter.compression_level: level,
                zstd.CompressionParameter.dict_id_flag: 0,
                zstd.CompressionParameter.content_size_flag: 0,
            }
            self._compressors[level] = zstd.ZstdCompressor(options=options, zstd_dict=self._dictionary)
        compressor = self._compressors[level]
        frame = compressor.compress(data, mode=compressor.FLUSH_FRAME)
        assert frame.startswith(MAGIC)
        return frame[len(MAGIC) :]

    def unpack(self, frame: bytes) -> bytes:
        """The bytes that ``pack`` got; ``Damaged`` where the frame is not one."""
        try:
            return zstd.decompress(MAGIC + frame, zstd_dict=self._dictionary)
        except zstd.ZstdError as error:
            raise Damaged(
                f"a text cannot be decompressed ({error}); 'forethought memory salvage' keeps the others"
            ) from error


@cache
def chat_dictionary() -> bytes:
    """The dictionary that ships with the package."""
    return files("forethought.memory").joinpath("data/chat.dictionary").read_bytes()


def train(samples: Sequence[bytes]) -> bytes | None:
    """A dictionary for texts like ``samples``, or nothing where they are too few to learn from."""
    size = min(OWN_BYTES, sum(map(len, samples)) // SHARE)
    if len(samples) < 16 or size < 1024:
        return None
    try:
        return zstd.train_dict(samples, size).dict_content
    except (zstd.ZstdError, ValueError):  # samples that have nothing in common
        return None


__all__ = ["BARE", "CHAT", "FAST", "PLAIN", "SMALL", "Codec", "chat_dictionary", "digest", "raw", "train", "unraw"]
