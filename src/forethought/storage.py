"""The only module that writes files (SQLite aside): whole or not at all, whatever moment the process dies at.

A file or folder is made under a temporary name beside its place, flushed to the disk, then renamed into place (what
is no file, such as a pipe, is written into).
Readers therefore see the old or the new, never a torn one. What an interrupted write leaves behind has a name that
``sweep`` knows. A full disk is ``NoSpace`` and leaves what was there before; where nothing may be written it is
``NotWritable``.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

from forethought.errors import BadSetting, Busy, Damaged, NoSpace, NotWritable, UnsafePath

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
_REFUSED |= {errno.EBADF, errno.ENXIO, errno.ENAMETOOLONG}  # a descriptor, a socket and a name that cannot be opened
_FULL_TEXT = re.compile(r"no space left|os error 28|disk quota exceeded", re.IGNORECASE)
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


# --- whole files ---


def write_bytes(path: Path | str, data: bytes) -> None:
    """Put ``data`` at ``path`` atomically, making the folders above it; a file that is there keeps its mode.

    Where a link leads is replaced, the link stays. What is no file (a pipe, a device, ``/dev/stdout``) is written into.
    Raises ``NoSpace`` and ``NotWritable``; after any error a file is as it was.
    """
    path = Path(path)
    place = Path(os.path.realpath(path))
    temporary = _temporary(place)
    with _clear_errors(path, temporary):
        if (stream := _stream(path)) is not None:
            with _closing(stream):
                _write_all(stream, data)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        old = place.stat() if place.exists() else None
        with _closing(os.open(temporary, os.O_WRONLY | os.O_CREAT, 0o600 if old else 0o666)) as descriptor:
            if old:
                os.fchmod(descriptor, old.st_mode & 0o777)
                with suppress(OSError):  # another's file, in a folder that both may write in
                    os.fchown(descriptor, old.st_uid, old.st_gid)
            _write_all(descriptor, data)
        _sync(temporary)
        os.replace(temporary, place)
        _sync(place.parent)


def write_text(path: Path | str, text: str) -> None:
    """Put ``text`` at ``path`` as UTF-8, atomically. Raises ``NoSpace``."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path | str, value: object, *, indent: int | None = 2) -> None:
    """Put ``value`` at ``path`` as JSON, atomically.

    Raises ``BadSetting`` where JSON cannot say it (an infinite number, an unknown type), before the file is touched.
    """
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadSetting(
            f"{path}: cannot be written as JSON: {error}; expected text, finite numbers, true, false, null, lists and "
            "objects of these. Write null for a number that does not exist."
        ) from error
    write_text(path, text + "\n")


def read_json(path: Path | str) -> Any:
    """The value in the JSON file at ``path``. Raises ``FileNotFoundError`` or ``Damaged``."""
    try:
        return json.loads(Path(path).read_bytes().decode("utf-8"))
    except (ValueError, IsADirectoryError) as error:
        raise Damaged(
            f"{path} is not the JSON that it should be ({error}); it was cut short or edited. "
            "Restore it from a copy, or delete it and run the command again."
        ) from error


# --- whole folders ---


@contextmanager
def replace_folder(path: Path | str) -> Iterator[Path]:
    """A temporary, empty folder beside ``path``; it takes ``path``'s place, as one, when the block ends well.

    For libraries that write files themselves (safetensors). Every file in it is on the disk before. What stood at
    ``path`` is exchanged in one step on Linux (elsewhere there is an instant in which ``path`` is missing) and then
    removed. Raises ``NoSpace`` where they met a full disk; after any error ``path`` is as it was.
    """
    path = Path(path)
    temporary = _temporary(path)
    with _clear_errors(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        for folder, _, names in os.walk(temporary, topdown=False):
            for name in names:
                _sync(Path(folder, name))
            _sync(Path(folder))
        _take_place(temporary, path)
        _sync(path.parent)
    _delete(temporary)


def remove(path: Path | str) -> None:
    """Remove a file or a folder with all that is in it; missing is fine.

    It is renamed first, so that a process killed half-way leaves no folder that looks whole.
    """
    path = Path(path)
    doomed = _temporary(path)
    with suppress(FileNotFoundError):
        os.rename(path, doomed)
        _sync(path.parent)
        _delete(doomed)


def sweep(folder: Path | str) -> int:
    """Remove what interrupted writes left in ``folder`` and below; returns how many. Hold its ``lock`` meanwhile."""
    left = [path for path in Path(folder).rglob(".*.tmp") if _TEMPORARY.fullmatch(path.name)]
    for path in left:
        _delete(path)
    return len(left)


# --- lines (JSONL) ---


def append_line(path: Path | str, text: str, *, durable: bool = False) -> None:
    r"""Add ``text`` and ``\n`` to the end of ``path`` in one write; ``durable`` waits for the disk.

    Raises ``BadSetting`` for text of several lines, ``Damaged`` where the file ends in half a line (see
    ``truncate_lines``) and ``NoSpace``; the file then ends where it ended before.
    """
    if "\n" in text:
        raise BadSetting(f"{path}: got a text of {len(text.splitlines())} lines; expected one. Append them one by one.")
    path = Path(path)
    with _clear_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _closing(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)) as descriptor:
            _append(path, descriptor, text.encode("utf-8") + b"\n", durable)


def count_lines(path: Path | str) -> int:
    """How many whole lines ``path`` has; half a line at its end, and a missing file, count as none."""
    return len(_line_ends(Path(path)))


def truncate_lines(path: Path | str, keep: int) -> int:
    """Cut ``path`` after its first ``keep`` whole lines; returns how many whole lines were dropped.

    Raises ``Damaged`` where the file has fewer: then something that was recorded is missing.
    """
    path = Path(path)
    ends = _line_ends(path)
    if keep < 0 or len(ends) < keep:
        raise Damaged(
            f"{path} has {len(ends)} whole lines; expected at least {keep}. Lines that were recorded are missing: "
            "restore the file from a copy, or start again in a new folder."
        )
    if path.exists():
        with _closing(os.open(path, os.O_WRONLY)) as descriptor:
            os.ftruncate(descriptor, ends[keep - 1] if keep else 0)
            os.fsync(descriptor)
    return len(ends) - keep


def read_json_lines(path: Path | str) -> list[Any]:
    """The values of a JSONL file's whole lines. Raises ``FileNotFoundError`` or ``Damaged``, naming the line."""
    values = []
    for number, line in enumerate(Path(path).read_bytes().split(b"\n")[:-1], start=1):
        try:
            values.append(json.loads(line.decode("utf-8")))
        except ValueError as error:
            raise Damaged(
                f"{path}, line {number} is not the JSON that it should be ({error}); "
                f"restore the file from a copy, or keep the {number - 1} lines before it with truncate_lines."
            ) from error
    return values


# --- names and locks ---


def inside(root: Path | str, name: str) -> Path:
    """The path of ``name`` inside ``root``, where ``name`` is a plain relative one such as ``episodes/7.parquet``.

    Raises ``UnsafePath`` for names that are absolute, that go up, that are written in an odd way (``a//b``, ``./a``,
    backslashes, control characters) or that follow a symbolic link out of ``root``.
    """
    root = Path(root)
    problem = _odd(name)
    if not problem and not (root / name).resolve().is_relative_to(root.resolve()):
        problem = "follows a symbolic link out of it"
    if problem:
        raise UnsafePath(
            f"name {name!r} {problem}; expected a relative name inside {root}, such as 'model' or 'episodes/7.parquet'"
        )
    return root / name


@contextmanager
def lock(folder: Path | str) -> Iterator[None]:
    """Hold ``folder`` (made where missing) alone until the block or the process ends, however it ends.

    Raises ``Busy`` with the number of the process that holds it, and ``BadSetting`` where it is a file.
    """
    if Path(folder).is_file():
        raise BadSetting(f"{folder} is a file; expected a folder, or a name that nothing has yet")
    path = Path(folder, ".lock")
    with _clear_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    with _closing(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise Busy(
                f"folder {folder} is in use by process {holder}; wait until it ends, stop it, or choose another folder"
            ) from error
        os.ftruncate(descriptor, 0)
        with _clear_errors(path):
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
        os.ftruncate(descriptor, 0)


# --- how ---


def _temporary(path: Path) -> Path:
    """A fresh name beside ``path``; drawn from the system, so that no seeded random state is touched."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    """Close what is open when the block ends."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _stream(path: Path) -> int | None:
    """What can only be written into, opened: a pipe, a device, or what this process has open (``/dev/stdout``)."""
    link = path
    while not (link.name.isdecimal() and os.path.realpath(link.parent) == os.path.realpath("/dev/fd")):
        if not (path.exists() and link.is_symlink()):
            return os.open(path, os.O_WRONLY) if path.exists() and not path.is_file() else None
        link = link.parent / os.readlink(link)
    return os.dup(int(link.name))


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; the system may take it in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _append(path: Path, descriptor: int, line: bytes, durable: bool) -> None:
    """Add ``line`` to the open file, or nothing of it."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        raise Damaged(
            f"{path} ends in half a line, left by a process that died; drop it before appending: "
            "truncate_lines(path, count_lines(path))"
        )
    try:
        _write_all(descriptor, line)
        if durable:
            os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, size)
        raise
    if durable and not size:
        _sync(path.parent)


def _sync(path: Path) -> None:
    """Wait until the file or folder at ``path`` is on the disk; file systems that cannot say so are let pass."""
    with _closing(os.open(path, os.O_RDONLY)) as descriptor:
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise


def _delete(path: Path) -> None:
    """Delete a file or a folder that nobody needs any more."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _take_place(temporary: Path, path: Path) -> None:
    """Rename ``temporary`` to ``path``; what stood there then has ``temporary``'s name."""
    if not path.exists() and not path.is_symlink():
        os.rename(temporary, path)
    elif not _exchange(temporary, path):
        aside = _temporary(path)
        os.rename(path, aside)
        try:
            os.rename(temporary, path)
        except OSError:
            os.rename(aside, path)
            raise
        os.rename(aside, temporary)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step (Linux' ``renameat2``); False where the system or the file system cannot."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    return bool(rename(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0)  # AT_FDCWD, RENAME_EXCHANGE


def _line_ends(path: Path) -> list[int]:
    r"""The offset after each ``\n`` of ``path``."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return list(accumulate(len(line) for line in file if line.endswith(b"\n")))


def _odd(name: str) -> str:
    """What is wrong with ``name`` as a relative name, or nothing."""
    if not name:
        return "is empty"
    if name.startswith(("/", "~")) or re.match(r"[A-Za-z]:", name):
        return "is absolute"
    if ".." in PurePosixPath(name.replace("\\", "/")).parts:
        return "goes up"
    if "\\" in name or _UNPRINTABLE.search(name):
        return "has a backslash or a control character"
    if str(PurePosixPath(name)) != name or name == ".":
        return "is written in an odd way"
    if any(len(os.fsencode(part)) > 255 for part in PurePosixPath(name).parts):
        return "is too long"
    return ""


def _is_full(error: BaseException) -> bool:
    """Whether ``error`` says that the disk is full; some libraries say so in words alone."""
    return getattr(error, "errno", None) in _FULL or bool(_FULL_TEXT.search(str(error)))


@contextmanager
def _clear_errors(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Remove ``temporary`` after any error; a full disk is ``NoSpace``, what may not be written ``NotWritable``."""
    try:
        yield
    except BaseException as error:
        if temporary is not None:
            with suppress(OSError):
                _delete(temporary)
        if isinstance(error, Exception) and not isinstance(error, NoSpace) and _is_full(error):
            raise NoSpace(
                f"no space left while writing {path} ({_free(path)}); what was recorded before is intact. "
                "Free some space, or choose a folder on another disk, then run the same command again."
            ) from error
        no_folder = isinstance(error, FileNotFoundError) and not path.parent.exists()  # none can be made, as in /proc
        if isinstance(error, OSError) and (no_folder or error.errno in _REFUSED):
            raise NotWritable(
                f"{path} cannot be written: {error.strerror} ({error.filename or path}); expected a place that may be "
                "written to. Choose another one, or change who may write there."
            ) from error
        raise


def _free(path: Path) -> str:
    """How much room is left where ``path`` is, in words."""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    free = os.statvfs(folder)
    return f"{free.f_bavail * free.f_frsize / 1e6:.1f} MB free in {folder}"
