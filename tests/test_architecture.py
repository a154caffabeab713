"""The rules of the design that a reader relies on: who imports whom, who writes files, what a command line loads.

When one of these fails, move the code; the rules are explained in docs/decisions.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "forethought"
MODULES = sorted(PACKAGE.rglob("*.py"))

ROWS = [
    {"types", "errors", "config"},
    {"storage"},
    {"worlds"},
    {"transcript"},
    {"experience"},
    {"models"},
    {"objectives"},
    {"planning"},
    {"memory"},
    {"agent", "asking"},
    {"training"},
    {"evaluation"},
    {"reports"},
    {"serve"},
    {"integrations"},
    {"cli"},
]
ROW = {name: number for number, row in enumerate(ROWS) for name in row}
FACADE, ENTRY = "__init__", "__main__"
LONGEST = 400

HEAVY = {"torch", "transformers", "pyarrow", "matplotlib", "datasets", "pandas"}
PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
DIRECT_WRITERS = {"write_text", "write_bytes", "touch", "unlink", "rmtree", "to_csv", "savetxt", "savez", "memmap"}
LIBRARY_WRITERS = {"write_table", "ParquetWriter", "to_parquet", "save_file", "save_pretrained", "save_model"}
OS_WRITERS = {"write", "rename", "replace", "remove", "unlink", "rmdir", "truncate", "ftruncate", "link", "symlink"}


def unit(path: Path) -> str:
    """The row's name that a module belongs to: ``worlds/errand/town.py`` is ``worlds``."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, at its top or anywhere within."""
    package = ("forethought", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            yield from ((node.lineno, ".".join([*base, *filter(None, [node.module]), a.name])) for a in node.names)


def wrong_imports(path: Path, tree: ast.Module) -> list[str]:
    """The imports of a module that break the table of rows."""
    mine, wrong = unit(path), []
    for line, name in imported(path, tree):
        parts = name.split(".")
        if parts[0] != "forethought":
            continue
        theirs = parts[1] if len(parts) > 1 else FACADE
        if theirs == mine:
            continue
        if theirs not in ROW:
            reason = "imports the package's front door; name the module instead"
        elif theirs == "integrations" and mine != "cli":
            reason = "imports integrations, which cli alone may do"
        elif mine not in (FACADE, ENTRY) and ROW[theirs] >= ROW[mine] and not {mine, theirs} <= ROWS[0]:
            reason = f"imports {theirs}, which does not stand above {mine}"
        else:
            continue
        wrong.append(f"{path.relative_to(PACKAGE)}:{line}: {reason} ({name})")
    return wrong


def called(node: ast.Call) -> tuple[str, str]:
    """What a call names and on what: ``shutil.move(...)`` is ``("shutil", "move")``."""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return (owner.id if isinstance(owner, ast.Name) else ""), node.func.attr
    return "", node.func.id if isinstance(node.func, ast.Name) else ""


def opens_to_write(node: ast.Call) -> bool:
    """Whether an ``open`` gets a mode that can change a file (the built-in's mode may not be computed)."""
    owner, name = called(node)
    if name != "open" or owner == "os":
        return name == "open"
    builtin = isinstance(node.func, ast.Name) or owner in ("io", "gzip", "bz2", "lzma")
    modes = [*node.args[int(builtin) : int(builtin) + 1], *(k.value for k in node.keywords if k.arg == "mode")]
    plain = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    return (builtin and len(plain) < len(modes)) or any(re.fullmatch("[rbt]*[wax+][rbt+]*", mode) for mode in plain)


def writes(tree: ast.Module) -> list[str]:
    """The calls of a module that write a file on their own."""
    storage = any(name.endswith("storage") or ".storage." in name for _, name in imported(PACKAGE / "x.py", tree))
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        owner, name = called(node)
        direct = name in DIRECT_WRITERS and owner != "storage"
        system = (owner == "os" and name in OS_WRITERS) or owner in ("shutil", "tempfile")
        numpy = owner in ("np", "numpy") and name == "save"
        unguarded = name in LIBRARY_WRITERS and not storage
        if direct or system or numpy or unguarded or opens_to_write(node):
            found.append(f"{node.lineno}: {ast.unparse(node)[:80]}")
    return found


def unsafe(path: Path, tree: ast.Module) -> list[str]:
    """What could run somebody else's code: pickle in any form, code that comes with a model."""
    found = [f"{line}: import {name}" for line, name in imported(path, tree) if name.split(".")[0] in PICKLERS]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        owner, name = called(node)
        trusts = {
            k.arg
            for k in node.keywords
            if k.arg in ("trust_remote_code", "allow_pickle")
            and not (isinstance(k.value, ast.Constant) and k.value.value is False)
        }
        if (owner == "torch" and name in ("load", "save")) or name in ("read_pickle", "to_pickle") or trusts:
            found.append(f"{node.lineno}: {ast.unparse(node)[:80]}")
    return found


# --- the package ---


def test_every_module_has_a_place_in_the_table() -> None:
    assert {unit(path) for path in MODULES} - {FACADE, ENTRY} <= set(ROW)


def test_a_folder_imports_only_from_rows_above_it() -> None:
    assert [wrong for path in MODULES for wrong in wrong_imports(path, parsed(path))] == []


def test_objectives_need_torch_alone() -> None:
    allowed = {"torch", "forethought", *sys.stdlib_module_names}
    paths = [path for path in MODULES if unit(path) == "objectives"]
    assert [(p.name, n) for p in paths for _, n in imported(p, parsed(p)) if n.split(".")[0] not in allowed] == []


def test_nothing_can_run_code_that_comes_with_data() -> None:
    assert [f"{path.relative_to(PACKAGE)}:{call}" for path in MODULES for call in unsafe(path, parsed(path))] == []


def test_only_storage_writes_files() -> None:
    paths = [path for path in MODULES if unit(path) != "storage"]
    assert [f"{path.relative_to(PACKAGE)}:{call}" for path in paths for call in writes(parsed(path))] == []


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


# --- what a command line loads ---


def heavy_modules_after(program: str) -> list[str]:
    """Which heavy libraries are loaded when ``program`` ends."""
    tail = f"\nimport sys; print('loaded:', *sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program + tail], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr.rsplit("loaded:", 1)[1].split()


def test_importing_the_package_or_its_command_line_loads_nothing_heavy() -> None:
    assert heavy_modules_after("import forethought") == []
    assert heavy_modules_after("import forethought.cli") == []


def test_help_loads_nothing_heavy() -> None:
    """What makes it answer in under half a second; the time itself depends on who else uses the machine."""
    program = """
import sys
from forethought.cli import main
sys.argv = ["forethought", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    assert heavy_modules_after(program) == []


# --- the rules themselves: each finds what it is for ---


@pytest.mark.parametrize(
    ("place", "line", "wrong"),
    [
        ("worlds/cliff.py", "from forethought.types import Step", False),
        ("worlds/cliff.py", "from ..types import Step", False),
        ("worlds/cliff.py", "from .base import World", False),
        ("worlds/errand/town.py", "from ..lawful import LawfulWorld", False),
        ("worlds/errand/town.py", "from ...models import Model", True),
        ("worlds/cliff.py", "from forethought.models import Model", True),
        ("worlds/cliff.py", "def late():\n    import forethought.models.heads", True),
        ("worlds/cliff.py", "from forethought import storage", False),
        ("worlds/cliff.py", "from forethought import Model", True),
        ("worlds/cliff.py", "import forethought", True),
        ("errors.py", "from forethought.types import Step", False),
        ("errors.py", "from forethought.storage import inside", True),
        ("__init__.py", "from forethought.agent import Agent", False),
        ("__init__.py", "from forethought.integrations import wandb", True),
        ("training/loop.py", "from forethought.integrations import wandb", True),
        ("cli/train.py", "from forethought.integrations import wandb", False),
        ("agent.py", "from forethought.training import train", True),
    ],
)
def test_the_rows_are_told_apart(place: str, line: str, wrong: bool) -> None:
    assert bool(wrong_imports(PACKAGE / place, ast.parse(line))) is wrong


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("open(path)", False),
        ("open(path, 'rb')", False),
        ("path.open()", False),
        ("path.open('rb')", False),
        ("text.replace('a', 'b'); replace(step, action='x'); storage.write_text(path, 'x')", False),
        ("Memory.open('chat.sqlite'); Memory.open(path); webbrowser.open(url)", False),
        ("path.open('w')", True),
        ("path.open('r+b')", True),
        ("open(path, mode='a')", True),
        ("open(path, mode)", True),
        ("io.open(path, 'r+')", True),
        ("path.write_text('x')", True),
        ("os.replace(a, b)", True),
        ("shutil.copy(a, b)", True),
        ("np.save(path, a)", True),
        ("pq.write_table(rows, path)", True),
        ("from forethought import storage\npq.write_table(rows, path)", False),
        ("from forethought.storage import replace_folder\npq.write_table(rows, path)", False),
    ],
)
def test_writing_is_told_from_reading(code: str, found: bool) -> None:
    assert bool(writes(ast.parse(code))) is found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from_pretrained(path, trust_remote_code=False)", False),
        ("json.load(file)", False),
        ("from_pretrained(path, trust_remote_code=True)", True),
        ("from_pretrained(path, trust_remote_code=trust)", True),
        ("import pickle", True),
        ("from pickle import loads", True),
        ("torch.load(path, weights_only=True)", True),
        ("np.load(path, allow_pickle=True)", True),
    ],
)
def test_code_in_data_is_noticed(code: str, found: bool) -> None:
    assert bool(unsafe(PACKAGE / "x.py", ast.parse(code))) is found
