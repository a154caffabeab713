"""Storage: a reader, a crash, a kill or a full disk never meets half a file."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought import storage
from forethought.errors import BadSetting, Busy, Damaged, NoSpace, NotWritable, UnsafePath


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next write takes some bytes, the one after it finds the disk full."""
    real, calls = os.write, []

    def write(descriptor: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, bytes(data)[: len(data) // 2])

    monkeypatch.setattr(os, "write", write)


# --- whole files ---


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    value = {"naïve": [1, 2.5, None, True], "deep": {"a": "\u2028 “quoted” \n"}}
    storage.write_json(tmp_path / "new" / "a.json", value)
    storage.write_json(tmp_path / "new" / "a.json", {**value, "again": 1})
    storage.write_text(tmp_path / "new" / "b.txt", "two\r\nlines")
    assert storage.read_json(tmp_path / "new" / "a.json") == {**value, "again": 1}
    assert (tmp_path / "new" / "b.txt").read_bytes() == b"two\r\nlines"
    assert names(tmp_path / "new") == ["a.json", "b.txt"]


def test_a_written_file_has_the_permissions_that_the_user_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        storage.write_text(tmp_path / "a", "x")
        storage.append_line(tmp_path / "b", "x")
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [0o640, 0o640]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: {2}}])
def test_what_json_cannot_say_is_refused_before_the_file_is_touched(tmp_path: Path, value: object) -> None:
    storage.write_json(tmp_path / "a.json", "old")
    with pytest.raises(BadSetting, match=r"a\.json: cannot be written as JSON"):
        storage.write_json(tmp_path / "a.json", {"value": value})
    assert storage.read_json(tmp_path / "a.json") == "old"


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe", b"{} {}"])
def test_damaged_json_names_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(Damaged, match=r"state\.json is not the JSON"):
        storage.read_json(tmp_path / "state.json")


def test_missing_json_is_the_standard_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read_json(tmp_path / "none.json")


def test_a_full_disk_keeps_the_old_file_and_says_what_to_do(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    storage.write_text(tmp_path / "a.txt", "old")
    request.getfixturevalue("full_disk")
    with pytest.raises(NoSpace, match=r"writing .*a\.txt .*MB free.*Free some space"):
        storage.write_text(tmp_path / "a.txt", "new and longer")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_disk_too_full_to_open_a_file_is_no_space_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "open", refuse)
    for write in (storage.write_text, storage.append_line):
        with pytest.raises(NoSpace):
            write(tmp_path / "a", "x")
    with pytest.raises(NoSpace), storage.lock(tmp_path):
        pass
    assert names(tmp_path) == []


def test_an_error_of_another_kind_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), storage.replace_folder(tmp_path / "model"):
        raise ZeroDivisionError
    with pytest.raises(FileNotFoundError), storage.replace_folder(tmp_path / "model") as temporary:
        temporary.rmdir()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place where nobody can make a folder")
def test_where_no_folder_can_be_made_the_place_is_told() -> None:
    with pytest.raises(NotWritable, match=r"/proc/forethought/file cannot be written: .*Choose another"):
        storage.write_text("/proc/forethought/file", "x")
    with (
        pytest.raises(NotWritable, match=r"/proc/forethought/\.lock cannot be written"),
        storage.lock("/proc/forethought"),
    ):
        pass


def test_where_nothing_may_be_written_the_place_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.write_text(tmp_path / "file", "x")
    with pytest.raises(BadSetting, match="is a file; expected a folder"), storage.lock(tmp_path / "file"):
        pass
    with pytest.raises(NotWritable, match=r"file.* cannot be written: .*Choose another one"):
        storage.write_text(tmp_path / "file" / "below", "x")

    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path))

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)  # not even what was not written can be removed
    with pytest.raises(NotWritable, match="Read-only file system"):
        storage.write_text(tmp_path / "a.txt", "x")


def test_a_file_that_is_written_again_keeps_its_mode_and_the_links_to_it(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("old")
    (tmp_path / "private").chmod(0o600)
    (tmp_path / "near").symlink_to("private")
    (tmp_path / "far").symlink_to(tmp_path / "near")
    (tmp_path / "ahead").symlink_to(tmp_path / "new" / "file")
    storage.write_text(tmp_path / "far", "new")
    storage.write_text(tmp_path / "ahead", "made")
    assert (tmp_path / "private").read_text() == "new" and (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new" / "file").read_text() == "made"
    assert {path.name for path in tmp_path.iterdir() if path.is_symlink()} == {"ahead", "far", "near"}
    assert names(tmp_path) == ["ahead", "far", "near", "new", "private"]


def test_what_is_no_file_is_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        storage.write_text(tmp_path / name, name)
        assert os.read(reader, 100).decode() == name
        os.close(reader)
    with (tmp_path / "log").open("a") as log:
        log.write("before, ")
        log.flush()
        opened = Path(f"/dev/fd/{log.fileno()}")
        (tmp_path / "out").symlink_to(opened)  # as /dev/stdout is one
        storage.write_text(opened, "by name, ")
        storage.write_text(tmp_path / "out", "by a link")
    assert (tmp_path / "log").read_text() == "before, by name, by a link"
    assert (tmp_path / "pipe").is_fifo() and names(tmp_path) == ["link", "log", "out", "pipe"]
    for path in (opened, tmp_path, tmp_path / ("x" * 300)):  # the descriptor is closed by now
        with pytest.raises(NotWritable, match="cannot be written"):
            storage.write_text(path, "x")


# --- whole folders ---


def test_a_folder_appears_whole_and_replaces_the_old_one_whole(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "model"
    for files in (["a", "b"], ["c"]):
        with storage.replace_folder(place) as temporary:
            assert temporary.parent == place.parent
            for name in files:
                (temporary / "sub").mkdir(exist_ok=True)
                (temporary / "sub" / name).write_text(name)
        assert names(place / "sub") == files
    assert names(place.parent) == ["model"]


def test_a_folder_that_failed_leaves_the_old_one(tmp_path: Path) -> None:
    with storage.replace_folder(tmp_path / "model") as temporary:
        (temporary / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), storage.replace_folder(tmp_path / "model") as temporary:
        (temporary / "a").write_text("new")
        raise KeyboardInterrupt
    assert (tmp_path / "model" / "a").read_text() == "old"
    assert names(tmp_path) == ["model"]


def test_a_file_that_stands_in_the_folders_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file")
    with storage.replace_folder(tmp_path / "model") as temporary:
        (temporary / "a").write_text("new")
    assert names(tmp_path / "model") == ["a"]
    assert names(tmp_path) == ["model"]


def test_folders_are_exchanged_where_the_system_cannot_swap_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_exchange", lambda *_: False)
    test_a_folder_appears_whole_and_replaces_the_old_one_whole(tmp_path)


def test_a_library_that_says_in_words_that_the_disk_is_full_is_understood(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="model"), storage.replace_folder(tmp_path / "model"):
        raise RuntimeError("I/O error: No space left on device (os error 28)")
    assert names(tmp_path) == []


def test_removing_takes_files_and_folders_and_does_not_mind_none(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "folder" / "a", "x")
    storage.write_text(tmp_path / "file", "x")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    storage.remove(tmp_path / "link")
    assert names(tmp_path) == ["file", "folder"]
    for name in ("folder", "file", "nothing"):
        storage.remove(tmp_path / name)
    assert names(tmp_path) == []


def test_sweeping_removes_leftovers_and_nothing_else(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "a" / ".b.txt.0123abcd.tmp", "left by a crash")
    storage.write_text(tmp_path / ".model.00ff00ff.tmp" / "weights", "left by a crash")
    storage.write_text(tmp_path / ".mine.tmp", "the user's")
    storage.write_text(tmp_path / "notes.0123abcd.tmp", "the user's")
    assert storage.sweep(tmp_path) == 2
    assert names(tmp_path) == [".mine.tmp", "a", "notes.0123abcd.tmp"]
    assert names(tmp_path / "a") == []


# --- lines ---


def test_lines_are_appended_counted_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "run" / "metrics.jsonl"
    assert storage.count_lines(path) == 0
    for step in range(5):
        storage.append_line(path, json.dumps({"step": step, "mark": "\u2028"}), durable=step == 4)
    assert storage.count_lines(path) == 5
    assert storage.truncate_lines(path, 3) == 2
    assert [row["step"] for row in storage.read_json_lines(path)] == [0, 1, 2]
    assert storage.truncate_lines(path, 0) == 3
    assert path.read_bytes() == b""
    assert storage.truncate_lines(tmp_path / "none", 0) == 0


def test_fewer_lines_than_were_recorded_is_damage(tmp_path: Path) -> None:
    storage.append_line(tmp_path / "a.jsonl", "1")
    with pytest.raises(Damaged, match="has 1 whole lines; expected at least 2"):
        storage.truncate_lines(tmp_path / "a.jsonl", 2)
    assert storage.count_lines(tmp_path / "a.jsonl") == 1


def test_half_a_line_is_never_read_nor_built_upon(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"step": 1}\n{"st')
    assert storage.read_json_lines(path) == [{"step": 1}]
    assert storage.count_lines(path) == 1
    with pytest.raises(Damaged, match="ends in half a line"):
        storage.append_line(path, '{"step": 2}')
    storage.truncate_lines(path, storage.count_lines(path))
    storage.append_line(path, '{"step": 2}')
    assert storage.read_json_lines(path) == [{"step": 1}, {"step": 2}]


def test_a_damaged_line_is_named_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('1\n{"st\n3\n')
    with pytest.raises(Damaged, match=r"a\.jsonl, line 2"):
        storage.read_json_lines(tmp_path / "a.jsonl")


def test_a_folder_in_the_place_of_a_file_is_damage(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(Damaged, match=r"a\.json is not the JSON that it should be .*[Ii]s a directory"):
        storage.read_json(tmp_path / "a.json")
    with pytest.raises(NotWritable, match=r"a\.json cannot be written: Is a directory"):
        storage.write_json(tmp_path / "a.json", {})


def test_several_lines_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="2 lines"):
        storage.append_line(tmp_path / "a.jsonl", "1\n2")


def test_a_full_disk_leaves_the_lines_before(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    storage.append_line(tmp_path / "a.jsonl", "1")
    request.getfixturevalue("full_disk")
    with pytest.raises(NoSpace, match=r"a\.jsonl"):
        storage.append_line(tmp_path / "a.jsonl", "23456789")
    assert (tmp_path / "a.jsonl").read_bytes() == b"1\n"


# --- names ---


@pytest.mark.parametrize("name", ["model", "episodes/7.parquet", "step-10", ".hidden", "a b", "größe", "a..b"])
def test_plain_names_are_inside(tmp_path: Path, name: str) -> None:
    assert storage.inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "/etc/passwd", "a/../../b", "a/..", "..\\b", "a\\b", "C:\\x", "C:x", "~/x"),
        *("a//b", "a/", "./a", "a\x00b", "a\nb", "x" * 300),
    ],
)
def test_names_that_would_leave_or_surprise_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafePath, match="expected a relative name inside"):
        storage.inside(tmp_path, name)


def test_a_symbolic_link_out_of_the_root_is_refused_and_one_within_is_fine(tmp_path: Path) -> None:
    root = tmp_path / "root"
    storage.write_text(root / "real" / "a", "x")
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "real")
    assert storage.inside(root, "in/a").read_text() == "x"
    with pytest.raises(UnsafePath, match="symbolic link"):
        storage.inside(root, "out/b")


@given(st.text(alphabet="ab./\\~:\x00 ", max_size=12))
def test_no_name_ever_leaves_the_root(name: str) -> None:
    root = Path("/some/root")
    try:
        path = storage.inside(root, name)
    except UnsafePath:
        return
    assert os.path.normpath(path).startswith("/some/root/")


# --- locks and kills ---

HOLDER = """
    import sys, time
    from forethought import storage
    with storage.lock(sys.argv[1]):
        print("held", flush=True)
        time.sleep(60)
"""

WRITER = """
    import json, sys
    from pathlib import Path
    from forethought import storage
    root = Path(sys.argv[1])
    with storage.lock(root):
        storage.sweep(root)
        lines = root / "metrics.jsonl"
        storage.truncate_lines(lines, storage.count_lines(lines))
        print("started", flush=True)
        number = 0
        while True:
            number += 1
            storage.write_json(root / "state.json", [number] * 20_000, indent=None)
            with storage.replace_folder(root / "model") as folder:
                for name in "abc":
                    (folder / name).write_text(f"{number} " * 2_000)
            storage.append_line(lines, json.dumps([number] * 2_000))
"""


EVERY_CALL = """
    import itertools, json, os, signal, sys
    from pathlib import Path
    from forethought import storage

    root = Path(sys.argv[1])

    def record(number):
        storage.write_json(root / "state.json", [number] * 100)
        with storage.replace_folder(root / "model") as folder:
            for name in "ab":
                (folder / name).write_text(f"{number} " * 100)
        storage.append_line(root / "metrics.jsonl", json.dumps([number] * 100), durable=True)

    def die_at(call):
        calls = itertools.count()
        def deadly(real, writes):
            def wrapper(*given):
                if next(calls) == call:
                    if writes:
                        real(given[0], bytes(given[1])[: len(given[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given)
            return wrapper
        for name in ("open", "write", "fsync", "replace", "rename"):
            setattr(os, name, deadly(getattr(os, name), name == "write"))

    record(0)
    for call in itertools.count():
        child = os.fork()
        if not child:
            die_at(call)
            record(call + 1)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert len(set(storage.read_json(root / "state.json"))) == 1
        assert {path.name for path in (root / "model").iterdir()} == {"a", "b"}
        assert len({path.read_text() for path in (root / "model").iterdir()}) == 1
        assert storage.truncate_lines(root / "metrics.jsonl", 1) <= 1
        assert storage.read_json_lines(root / "metrics.jsonl") == [[0] * 100]
        storage.sweep(root)
        assert {path.name for path in root.iterdir()} == {"state.json", "model", "metrics.jsonl"}
        if not killed:
            break
    print(call)
"""


def start(program: str, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_folder_is_held_by_one_process_which_is_named_and_is_free_when_it_is_killed(tmp_path: Path) -> None:
    holder = start(HOLDER, tmp_path / "run")
    try:
        with pytest.raises(Busy, match=f"in use by process {holder.pid};"), storage.lock(tmp_path / "run"):
            pass
    finally:
        kill(holder)
    with storage.lock(tmp_path / "run"), pytest.raises(Busy, match=str(os.getpid())), storage.lock(tmp_path / "run"):
        pass
    with pytest.raises(ZeroDivisionError), storage.lock(tmp_path / "run"):
        raise ZeroDivisionError
    with storage.lock(tmp_path / "run"):
        pass


def test_a_kill_at_every_call_of_the_system_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(EVERY_CALL), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15


def test_a_kill_at_any_moment_never_leaves_a_torn_file(tmp_path: Path) -> None:
    delays = random.Random(0)
    for _ in range(4):
        process = start(WRITER, tmp_path)
        time.sleep(delays.uniform(0.05, 0.3))
        kill(process)
        if (tmp_path / "state.json").exists():
            state = storage.read_json(tmp_path / "state.json")
            assert len(state) == 20_000
            assert len(set(state)) == 1
        if (tmp_path / "model").exists():
            assert names(tmp_path / "model") == ["a", "b", "c"]
            assert len({(tmp_path / "model" / name).read_text() for name in "abc"}) == 1
        if (tmp_path / "metrics.jsonl").exists():
            assert all(len(row) == 2_000 for row in storage.read_json_lines(tmp_path / "metrics.jsonl"))
    assert (tmp_path / "state.json").exists(), "the writer never got to write: the test shows nothing"
    storage.sweep(tmp_path)
    assert set(names(tmp_path)) <= {".lock", "metrics.jsonl", "model", "state.json"}
