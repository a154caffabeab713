"""What the README, the docs and the examples show is what happens: every block of code in them runs.

A file's blocks run in order, in one fresh process and one empty folder; its Python blocks share their names. In a
shell block each ``forethought`` line runs; the lines that set up an environment are known and left out. Put
``<!-- no-run: reason -->`` before a block that cannot run, and ``<!-- file: lock.py -->`` before one that the reader
saves: it is written there, for the blocks after it to use. ``FORETHOUGHT_FAST=1`` is set: budgets are the smallest.

``python tests/test_docs.py docs/quickstart.md`` runs one file by hand.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

PYTHON, SHELL = {"python", "py"}, {"bash", "sh", "shell", "console"}
FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*([\w+-]*)")
NO_RUN = re.compile(r"<!--\s*no-run\b:?(.*?)-->")
FILE = re.compile(r"<!--\s*file:\s*(\w+\.py)\s*-->")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
SETUP = re.compile(
    r"(make (quickstart|test|fast|lint|help)|(\S*/)?(pip|git|cd|source|\.) .*|(\S*/)?python[\d.]* -m (pip|venv) .*"
    r"|([A-Z_]+=\S+ )*(\S*/)?(ruff|mypy|pytest)( .*)?|(\S*/)?python[\d.]* examples/(?P<example>\w+\.py)( .*)?)"
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the line its text starts on, its text, why it does not run (or nothing), and the
    file that it is (or nothing).
    """

    language: str
    line: int
    text: str
    no_run: str | None
    file: str | None = None


def blocks(path: Path) -> Iterator[Block]:
    """The fenced blocks of a Markdown file, in order."""
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    no_run: str | None = None
    file: str | None = None
    for number, line in lines:
        if fence := FENCE.match(line):
            indent, mark, language = fence.groups()
            inside = []
            for _, text in lines:
                if text.strip().startswith(mark) and not text.strip().strip(mark[0]):
                    break
                inside.append(text.removeprefix(indent))
            yield Block(language.lower(), number + 1, "\n".join(inside), no_run, file)
        if line.strip():
            note = NO_RUN.search(line)
            no_run = note.group(1).strip() if note else None
            named = FILE.search(line)
            file = named.group(1) if named else None


def commands(block: Block) -> list[str]:
    """The commands of a shell block; in a ``console`` block they follow a ``$``, the rest is what they print."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def runs(command: str) -> bool:
    """Whether a command is to be run here; raises where nobody would notice that it broke."""
    words = shlex.split(command, comments=True)
    if words and Path(words[0]).name == "forethought":
        return True
    known = SETUP.fullmatch(command.split(" #")[0].strip())
    example = known.group("example") if known else None
    if not known or (example and not (ROOT / "examples" / example).exists()):
        raise AssertionError(
            f"nothing checks the command {command!r}; expected 'forethought ...', a setup line or an example that "
            "exists. Put <!-- no-run: reason --> before the block if it cannot run."
        )
    return False


def run_file(path: Path) -> None:
    """Run a Markdown file's blocks in this process and folder; a traceback points at the file's own lines."""
    names: dict[str, object] = {"__name__": "__main__"}
    sys.path.insert(0, str(Path.cwd()))  # as for a reader's own program there
    for block in blocks(path):
        if block.no_run is not None:
            continue
        if block.file is not None:
            Path(block.file).write_text(block.text + "\n", encoding="utf-8")
        elif block.language in PYTHON:
            exec(compile("\n" * (block.line - 1) + block.text, str(path), "exec"), names)
        elif block.language in SHELL:
            for command in filter(runs, commands(block)):
                print(f"$ {command}", flush=True)
                subprocess.run(["bash", "-ec", command], check=True, stdin=subprocess.DEVNULL)


def run_alone(arguments: list[str], folder: Path) -> None:
    """Run Python with ``arguments`` as a user would: an own process in an own folder, the small budgets."""
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "FORETHOUGHT_FAST": "1", "OMP_NUM_THREADS": "1", "PATH": binaries}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def title(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- the project's own docs ---


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCS, ids=title)
def test_every_block_of_a_document_runs(path: Path, tmp_path: Path) -> None:
    if any(block.language in PYTHON | SHELL and block.no_run is None for block in blocks(path)):
        run_alone([__file__, str(path)], tmp_path)


@pytest.mark.parametrize("path", DOCS, ids=title)
def test_every_block_is_understood_and_left_out_only_for_a_reason(path: Path) -> None:
    for block in blocks(path):
        assert block.no_run != "", f"{path}:{block.line}: no-run without a reason"
        if block.language in PYTHON:
            compile(block.text, f"{path}:{block.line}", "exec")
        elif block.language in SHELL and block.no_run is None:
            assert [runs(command) for command in commands(block)]


@pytest.mark.parametrize("path", DOCS, ids=title)
def test_every_link_to_a_file_of_ours_leads_there(path: Path) -> None:
    links = LINK.findall(re.sub(r"(?ms)^ *(`{3,}).*?^ *\1|`[^`\n]*`", "", path.read_text(encoding="utf-8")))
    ours = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in ours if not (path.parent / link).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=title)
def test_every_example_runs(path: Path, tmp_path: Path) -> None:
    run_alone([str(path)], tmp_path)


# --- this file's own reading of Markdown ---


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_blocks_share_names_and_a_folder_in_order(tmp_path: Path) -> None:
    page = written(
        tmp_path,
        "```python\nfrom pathlib import Path\nx = 2\n```\n\n- in a list\n\n"
        "  ```python\n  Path('a').write_text(str(x))\n  ```\n\n"
        "```json\nnot code\n```\n\n````python\nassert Path('a').read_text() == '2'\n````\n",
    )
    (tmp_path / "run").mkdir()
    run_alone([__file__, str(page)], tmp_path / "run")
    assert [block.language for block in blocks(page)] == ["python", "python", "json", "python"]


def test_a_block_that_is_a_file_can_be_imported_by_the_blocks_after_it(tmp_path: Path) -> None:
    page = written(
        tmp_path,
        "<!-- file: mine.py -->\n\n```python\nX = 1\n```\n\n```python\nimport mine\n\nassert mine.X == 1\n```\n",
    )
    (tmp_path / "run").mkdir()
    run_alone([__file__, str(page)], tmp_path / "run")
    assert [block.file for block in blocks(page)] == ["mine.py", None]


def test_the_world_of_ones_own_on_the_page_is_the_one_in_the_examples() -> None:
    page = blocks(ROOT / "docs" / "bring-your-own-world.md")
    (shown,) = [block.text for block in page if block.file == "lock.py"]
    assert shown + "\n" == (ROOT / "examples" / "lock.py").read_text("utf-8")


def test_a_block_that_fails_is_reported_with_its_own_line(tmp_path: Path) -> None:
    page = written(tmp_path, "text\n\n```python\nx = 1\nassert x == 2\n```\n")
    with pytest.raises(AssertionError, match=r'page\.md", line 5'):
        run_alone([__file__, str(page)], tmp_path)


def test_a_command_that_fails_fails_the_page(tmp_path: Path) -> None:
    page = written(tmp_path, "```console\n$ forethought no-such-command --at-all\nwhat it prints\n```\n")
    with pytest.raises(AssertionError):
        run_alone([__file__, str(page)], tmp_path)


def test_a_marked_block_is_left_out_and_only_that_one(tmp_path: Path) -> None:
    page = written(
        tmp_path,
        "<!-- no-run: needs a GPU -->\n\n```python\nraise SystemExit(3)\n```\n\nMore.\n\n```python\nx = 1\n```\n"
        "<!-- no-run -->\n```bash\nrm -rf /\n```\n",
    )
    assert [block.no_run for block in blocks(page)] == ["needs a GPU", None, ""]
    run_alone([__file__, str(page)], tmp_path)


def test_commands_are_read_from_both_kinds_of_shell_block() -> None:
    plain = Block("bash", 1, "# a note\nforethought train \\\n  --recipe quickstart\n\nmake test", None)
    assert [shlex.split(command) for command in commands(plain)] == [
        ["forethought", "train", "--recipe", "quickstart"],
        ["make", "test"],
    ]
    assert commands(Block("console", 1, "$ forethought worlds\nerrand\ncliff", None)) == ["forethought worlds"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("forethought worlds", True),
        (".venv/bin/forethought eval probes --model m  # a note", True),
        ("make quickstart     # ten minutes", False),
        ("python3.11 -m venv .venv", False),
        (".venv/bin/python -m pip install -e . -c constraints.txt", False),
        (".venv/bin/pip install -e '.[test]'", False),
        ("source .venv/bin/activate", False),
        ("git clone somewhere", False),
        ("OMP_NUM_THREADS=1 .venv/bin/pytest -m slow", False),
    ],
)
def test_commands_that_run_are_told_from_those_that_set_up(command: str, expected: bool) -> None:
    assert runs(command) is expected


@pytest.mark.parametrize("command", ["rm -rf x", "make everything", "python examples/none.py", "foretought train"])
def test_a_command_that_nothing_checks_is_noticed(command: str) -> None:
    with pytest.raises(AssertionError, match="nothing checks the command"):
        runs(command)


if __name__ == "__main__":
    page = Path(sys.argv[1]).resolve()
    if Path.cwd() == ROOT:
        os.chdir(tempfile.mkdtemp())
    run_file(page)
