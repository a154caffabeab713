"""The record of what happened: nothing is lost, altered, half written, or read wrongly without saying so."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought import storage
from forethought.errors import BadSetting, Damaged, NoSpace
from forethought.experience import ExperienceStore, storable
from forethought.types import Divergence, Ending, Episode, Harm, Progress, Step

ODD = "NUL \x00, <|im_start|>assistant\n{{ x }}\r\n\t naïve 車 🚗 \ufeff\u2028 end "


def lived(seed: int, steps: int = 3) -> Episode:
    """An episode that fills every field, with awkward text."""
    rng = random.Random(seed)
    told = tuple(
        Step(
            action=f"walk to the {ODD}{i}",
            change=f"You are at the car wash {i}." if i else "Nothing changes.",
            outcome=f"{ODD} outcome {seed}/{i}",
            progress=rng.choice(list(Progress)),
            harm=rng.choice(list(Harm)),
            warning=rng.choice(("", "no such place")),
            prediction=rng.choice((None, "", ODD)),
            divergence=Divergence(
                rng.choice((None, rng.random())), rng.choice((None, 0.0)), rng.choice((None, 1e-300))
            ),
            cost=rng.choice(((), (("minutes", 2.0), ("fuel", 0.1)), (("b", 1.0), ("a", 2.0), ('"b"', 1e30)))),
        )
        for i in range(steps)
    )
    ending = rng.choice(list(Ending))
    return Episode("errand", 2, "train", seed, f"Wash it. {ODD}", f"You are home. {ODD}", told, ending, "babble", "")


EPISODES = [lived(seed, steps=seed % 4) for seed in range(12)]


def filled(folder: Path, parts: int = 3, each: int = 4) -> ExperienceStore:
    store = ExperienceStore(folder)
    for part in range(parts):
        store.append(EPISODES[part * each : (part + 1) * each], stage="babble")
        assert store.flush() == part + 1
    return store


def test_what_was_lived_reads_back_exactly_and_in_order(tmp_path: Path) -> None:
    filled(tmp_path / "episodes")
    again = ExperienceStore(tmp_path / "episodes")
    assert (again.parts, len(again)) == (3, 12)
    assert list(again.episodes()) == EPISODES
    assert list(again.episodes(parts=2)) == EPISODES[:8]
    with pytest.raises(Damaged, match=r"part-000003\.parquet is missing"):
        list(again.episodes(parts=4))


def test_an_empty_store_writes_nothing_and_reads_nothing(tmp_path: Path) -> None:
    store = ExperienceStore(tmp_path / "episodes")
    assert (store.flush(), len(store), list(store.episodes())) == (0, 0, [])
    assert ExperienceStore.recover(tmp_path / "episodes") == 0
    assert not (tmp_path / "episodes").exists()


def test_buffered_episodes_count_and_read_before_they_are_written(tmp_path: Path) -> None:
    store = filled(tmp_path, parts=1)
    store.append(EPISODES[4:5], stage="practice")
    store.append(EPISODES[5:6], stage="practice")
    store.append([], stage="practice")
    assert (store.parts, len(store)) == (1, 6)
    assert list(store.episodes()) == EPISODES[:6]
    assert len(ExperienceStore(tmp_path)) == 4


def test_lone_surrogates_are_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    step = Step("say \ud800x", "\udfff", "a\ud83d", prediction="\ud83d\ude97 ok", cost=(("\udc00", 1.0),))
    broken = replace(EPISODES[1], desire="\ufeffgo \udcff!", steps=(step, *EPISODES[3].steps))
    store = ExperienceStore(tmp_path)
    store.append([broken], stage="a\ud800")
    store.flush()
    (read,) = ExperienceStore(tmp_path).episodes()
    mended = Step("say \ufffdx", "\ufffd", "a\ufffd", prediction="🚗 ok", cost=(("\ufffd", 1.0),))
    assert read == replace(broken, desire="\ufeffgo \ufffd!", steps=(mended, *EPISODES[3].steps))
    assert read == storable(broken) and storable(EPISODES[3]) is EPISODES[3]


@pytest.mark.parametrize(
    "bad",
    [
        replace(EPISODES[1], seed=2**63),
        replace(EPISODES[1], seed=None),  # type: ignore[arg-type]
        replace(EPISODES[1], desire=None),  # type: ignore[arg-type]
        replace(EPISODES[1], steps=(Step("go", None, ""),)),  # type: ignore[arg-type]
        replace(EPISODES[1], steps=(Step("go", "", "", progress="soon"),)),  # type: ignore[arg-type]
        replace(EPISODES[1], steps=(Step("go", "", "", divergence=Divergence(nll="much")),)),  # type: ignore[arg-type]
    ],
)
def test_an_episode_that_does_not_fit_is_refused_and_spoils_nothing(tmp_path: Path, bad: Episode) -> None:
    store = ExperienceStore(tmp_path)
    store.append(EPISODES[:2], stage="babble")
    with pytest.raises(BadSetting, match=f"seed {bad.seed} of world 'errand' does not fit the record"):
        store.append([EPISODES[2], bad], stage="babble")
    store.flush()
    assert list(ExperienceStore(tmp_path).episodes()) == EPISODES[:2]


def test_going_back_to_a_checkpoint_equals_never_having_gone_on(tmp_path: Path) -> None:
    straight = filled(tmp_path / "a")
    broken = filled(tmp_path / "b", parts=2)
    broken.append(EPISODES[:5], stage="practice")
    broken.flush()
    broken.append(EPISODES[:1], stage="practice")
    resumed = ExperienceStore(tmp_path / "b")
    resumed.truncate(2)
    assert (resumed.parts, len(resumed), list(resumed.episodes())) == (2, 8, EPISODES[:8])
    resumed.append(EPISODES[8:], stage="babble")
    resumed.flush()
    names = sorted(path.name for path in straight.folder.iterdir())
    assert names == sorted(path.name for path in resumed.folder.iterdir())
    assert names == ["part-000000.parquet", "part-000001.parquet", "part-000002.parquet"]
    for name in names:
        assert (straight.folder / name).read_bytes() == (resumed.folder / name).read_bytes()


def test_truncate_drops_the_buffer_and_refuses_what_is_not_there(tmp_path: Path) -> None:
    store = filled(tmp_path, parts=1)
    store.append(EPISODES[4:], stage="babble")
    store.truncate(1)
    assert len(store) == 4
    with pytest.raises(Damaged, match="expected at least 2"):
        store.truncate(2)
    with pytest.raises(BadSetting):
        store.truncate(-1)


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise NoSpace(f"no space left for {path}")

    store = filled(tmp_path, parts=1)
    store.append(EPISODES[4:], stage="babble")
    with monkeypatch.context() as patch:
        patch.setattr(storage, "write_bytes", full)
        with pytest.raises(NoSpace):
            store.flush()
    assert list(store.episodes()) == EPISODES
    assert store.flush() == 2
    assert list(ExperienceStore(tmp_path).episodes()) == EPISODES


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(bytes(data))


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"text": ["hello"]}), path)


def _other_version(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"forethought.format": b"9"}), path)


def _misplaced(path: Path) -> None:
    path.write_bytes((path.parent / "part-000000.parquet").read_bytes())


def _missing(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [_cut, _empty, _flip, _foreign, _other_version, _misplaced, _missing])
def test_damage_names_the_file_and_the_parts_before_it_are_saved(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    filled(tmp_path)
    harm(tmp_path / "part-000001.parquet")
    with pytest.raises(Damaged, match=r"part-000001\.parquet"):
        list(ExperienceStore(tmp_path).episodes())
    with pytest.warns(UserWarning, match=r"(?s)part-000001\.parquet.*\(4 episodes\).*2 of 3 parts are left out"):
        assert ExperienceStore.recover(tmp_path) == 1
    store = ExperienceStore(tmp_path)
    store.truncate(1)
    store.append(EPISODES[4:], stage="babble")
    assert store.flush() == 2
    assert list(ExperienceStore(tmp_path).episodes()) == EPISODES


def test_a_damaged_last_part_does_not_keep_the_store_from_being_opened_and_cut_back(tmp_path: Path) -> None:
    filled(tmp_path)
    _cut(tmp_path / "part-000002.parquet")
    store = ExperienceStore(tmp_path)
    with pytest.raises(Damaged, match=r"part-000002\.parquet"):
        store.append(EPISODES[:1], stage="babble")
    store.truncate(2)
    assert list(store.episodes()) == EPISODES[:8]


def test_a_flipped_bit_never_changes_what_is_read_without_saying_so(tmp_path: Path) -> None:
    filled(tmp_path, parts=1)
    path = tmp_path / "part-000000.parquet"
    sound, rng, caught = path.read_bytes(), random.Random(0), 0
    for _ in range(200):
        data = bytearray(sound)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(data))
        try:
            assert list(ExperienceStore(tmp_path).episodes()) == EPISODES[:4]
        except Damaged:
            caught += 1
    assert caught > 100


def test_files_that_are_no_parts_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "part-000009.parquet.tmp").write_text("half")
    store = filled(tmp_path, parts=1)
    store.truncate(0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "part-000009.parquet.tmp"]
    with pytest.raises(BadSetting, match="is a file"):
        ExperienceStore(tmp_path / "notes.txt")


def test_datasets_opens_it(tmp_path: Path) -> None:
    filled(tmp_path / "episodes")
    code = f"""
from datasets import load_dataset
rows = load_dataset("parquet", data_files={str(tmp_path / "episodes" / "*.parquet")!r}, split="train")
assert len(rows) == {sum(max(1, len(episode.steps)) for episode in EPISODES)}, len(rows)
assert rows[0]["index"] == -1 and rows[0]["action"] == "" and rows[0]["nll"] is None
last = rows[-1]
assert (last["episode"], last["index"], last["world"], last["stage"]) == (11, 2, "errand", "babble"), last
assert last["outcome"] == {EPISODES[11].steps[2].outcome!r}
print(*rows.column_names)
"""
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | offline, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (
        "episode index world level split axis seed policy stage desire observation action prediction change "
        "outcome progress harm warning nll facts latent cost ending failure"
    )
