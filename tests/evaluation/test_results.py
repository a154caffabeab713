"""Results as files say who made them, and come back as they were."""

import json
from pathlib import Path

import pytest

from forethought.errors import BadSetting, Damaged
from forethought.evaluation import Record, load_results, save_results

RECORD = Record("mine", "errand", "test", "", "exact", 0.5, 0.4, 0.6, 100)


def test_results_say_who_made_them_and_come_back(tmp_path: Path) -> None:
    path = save_results(tmp_path / "results.json", [RECORD], "forethought eval", {"tokens": 7})
    found = json.loads(path.read_text())
    assert found["records"] == [RECORD.to_dict()] and found["command"] == "forethought eval" and found["tokens"] == 7
    assert {"commit", "versions", "machine"} <= set(found)
    assert load_results(path) == [RECORD]


def test_results_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="'records'"):
        save_results(tmp_path / "x.json", [RECORD], "eval", {"records": []})
    for text in ("[]", '{"records": 3}', '{"records": [{"arm": "mine"}]}', '{"records": ["mine"]}', "{"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(Damaged):
            load_results(tmp_path / "bad.json")
