"""The recall suite end to end with a tiny reader: every arm, resuming, records, the page and the command."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, JambaConfig, LlamaConfig, Mamba2Config, MambaConfig, RwkvConfig

from forethought.cli import main
from forethought.errors import BadSetting, Damaged, UnknownName
from forethought.evaluation.recall import files, others, records, suite
from forethought.evaluation.recall.arms import ARMS, Bench
from forethought.evaluation.recall.conversation import converse
from forethought.evaluation.recall.reader import Reader, examples
from forethought.evaluation.recall.words import names
from forethought.models.scan import enable_stateful_scan
from forethought.models.tokenizer import train_tokenizer
from forethought.reports import write_recall

PLAN = suite.Plan(lengths=(512,), depths=(0.0, 1.0), tasks=("needle", "abstain"), n=1, budget=64)
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "locomo-dev"


def reader(kind: str) -> Reader:
    torch.manual_seed(0)
    tokenizer = train_tokenizer([str(turn) for turn in converse(4000, [], "train").turns], 600)
    common = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "eos_token_id": tokenizer.eos_token_id,
    }
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 64}
    config = {
        "llama": lambda: LlamaConfig(**common, **heads),
        "mamba": lambda: MambaConfig(**common, state_size=8),
        "mamba2": lambda: Mamba2Config(**common, num_heads=2, head_dim=32, n_groups=1, state_size=8, chunk_size=16),
        "jamba": lambda: JambaConfig(
            **common, **heads, num_experts=1, num_experts_per_tok=1, attn_layer_period=2, attn_layer_offset=1,
            mamba_dt_rank=2, use_mamba_kernels=False,
        ),
        "rwkv": lambda: RwkvConfig(**common, attention_hidden_size=32, context_length=64),
    }[kind]()  # fmt: skip
    lm = AutoModelForCausalLM.from_config(config)
    if kind in ("mamba", "jamba"):
        enable_stateful_scan(lm)
    return Reader(lm, tokenizer, kind, trained=64)


@pytest.mark.parametrize("kind", ["llama", "mamba", "mamba2", "jamba", "rwkv"])
def test_reading_in_parts_is_reading_at_once_and_a_question_leaves_the_past_alone(kind: str) -> None:
    mine, (one, other) = reader(kind), ("user: I am calm today.\n", "assistant: That is good.\n")
    whole, part = mine.begin(one + other), mine.begin(one)
    for _ in range(2):
        assert torch.allclose(mine.go_on(part, other).logits_BV, whole.logits_BV, atol=1e-4)
    first, again = (mine.tell(mine.ask(whole, "What is it?")) for _ in range(2))
    assert first == again == mine.answer(one + other, "What is it?")[0]
    chunks = mine.chunks((one + other) * 3, 16)
    told, read = mine.best_chunk(chunks, "What is it?", "not told")
    assert isinstance(told, str) and read > mine.count((one + other) * 3)


def test_a_chat_model_is_shown_worked_examples_of_the_training_split_once() -> None:
    made = reader("llama")
    mine = Reader(made.lm, made.tokenizer, "chat")
    shown = examples()
    assert [message["role"] for message in shown] == ["user", "assistant"] * 6
    for asked, told in pairwise(shown):
        if told["role"] == "assistant" and told["content"] != "Answer: not told":
            assert told["content"].removeprefix("Answer: ") in asked["content"]
    assert not any(name in message["content"] for name in names("test") for message in shown)
    text, question = "user: I am calm today.\n", "What is it?"
    answers = [mine.answer(text, question) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][1] < mine.count(text) + 60 < mine.count(mine._head), "examples are read once, and not counted"
    ids = mine.tokenizer(mine._head + text, add_special_tokens=False)["input_ids"]
    assert torch.allclose(mine.begin(text).logits_BV, mine.lm(torch.tensor([ids])).logits[:, -1], atol=1e-3)
    most = mine.lm.config.max_position_embeddings
    assert mine.most is not None and mine.most < most - mine.count(mine._head)


def test_every_arm_is_measured_kept_and_told(tmp_path: Path) -> None:
    rows = suite.measure(PLAN, tmp_path, [lambda: reader("mamba2"), lambda: reader("llama")])
    assert {row["arm"] for row in rows if row["reader"] == "mamba2"} == set(ARMS) - {"full"}
    assert {row["arm"] for row in rows if row["reader"] == "llama"} == set(ARMS) - {"bare"}
    assert all(
        row["tokens"] <= 64 + 40 for row in rows if row["arm"] in ("bm25", "dense", "rag", "ours") and "tokens" in row
    )
    assert len({tuple(row["place"]) for row in rows}) == 4
    found = records.records(rows, suite.cells(tmp_path))
    told = {(r.world, r.arm, r.metric) for r in found}
    assert ("recall retrieval", "ours", "any@5") in told and (
        "recall retrieval",
        "ours",
        "append_p50_milliseconds",
    ) in told
    assert ("recall mamba2", "oprm", "exact_match/depth 1.0") in told
    assert {arm for _, arm, metric in told if metric == "exact_match_minus_ours"} == {"jrt", "gist", "worth"}
    assert {arm for _, arm, metric in told if metric == "exact_match_minus_best_rag"} == {
        "ours",
        "jrt",
        "gist",
        "worth",
    }

    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "cells").iterdir())
    assert suite.measure(PLAN, tmp_path) == rows
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "cells").iterdir())


def test_another_plan_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    suite.measure(PLAN, tmp_path, arms=("bm25",))
    with pytest.raises(BadSetting, match="another n"):
        suite.measure(suite.Plan(lengths=(512,), depths=(0.0, 1.0), tasks=PLAN.tasks, n=2, budget=64), tmp_path)
    with pytest.raises(UnknownName, match="did you mean 'ours'"):
        suite.measure(PLAN, tmp_path, arms=("our",))
    with pytest.raises(BadSetting, match=r"no config\.json"):
        suite.measure(PLAN, tmp_path, arms=("bm25",), embed="nowhere")
    with pytest.raises(BadSetting, match="another embedder"):
        suite.measure(PLAN, tmp_path, arms=("bm25",), embed="lexical")
    with pytest.raises(BadSetting, match="name one with --model"):
        suite.measure(PLAN, tmp_path, arms=("oracle", "bare"))


def test_another_reader_of_the_same_name_is_refused(tmp_path: Path) -> None:
    mine, other = reader("llama"), reader("llama")
    with torch.no_grad():
        next(other.lm.parameters()).add_(1)
    with pytest.raises(BadSetting, match="two readers of one name"):
        suite.measure(PLAN, tmp_path, [lambda: mine, lambda: other], arms=("oracle",))
    suite.measure(PLAN, tmp_path, [lambda: mine], arms=("oracle",))
    suite.measure(PLAN, tmp_path, [lambda: mine], arms=("oracle",))
    with pytest.raises(BadSetting, match="another llama"):
        suite.measure(PLAN, tmp_path, [lambda: other], arms=("oracle",))


def test_an_oracle_reads_the_evidence_alone_and_ours_recalls_it(tmp_path: Path) -> None:
    talk = converse(2000, [("needle", 0.3), ("multi-value", 0.6)], seed=2)
    bench, mine = Bench(talk, 128), reader("llama")
    for item in talk.items:
        oracle = bench.passage("oracle", item, mine.count)
        assert oracle == "".join(f"{talk.turns[place]}\n" for place in item.evidence)
        recalled = bench.passage("ours", item, mine.count)
        assert all(value in recalled for value in item.answer) and mine.count(recalled) <= 128
        assert bench.passage("jrt", item, mine.count) == f"Question: {item.question}\n{recalled}"
        last = bench.window(mine.count, 0.5)
        assert bench.passage("gist", item, mine.count) == last + recalled
        assert last.endswith(f"{talk.turns[-1]}\n") and 0 < mine.count(last) <= 64
    bench.close()


def test_the_command_writes_records_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["eval", "recall", "--folder", str(tmp_path), "--lengths", "512", "--depths", "0.5", "--tasks", "needle"]
    assert main([*words, "--arms", "bm25", "ours", "--n", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {record["arm"] for record in found["records"]} == {"bm25", "ours"} and found["plan"]["lengths"] == [512]
    page = (tmp_path / "report.html").read_text()
    assert "Recall of long conversations" in page and "1 question of each task" in page
    assert "All evidence in what ours gives to read: 512: " in page, "without a reader there is a finding too"
    assert main([*words, "--arms", "bm24"]) == 2 and "did you mean 'bm25'" in capsys.readouterr().err
    assert main(["eval", "recall", "--folder", str(tmp_path), "--lengths", "long"]) == 2
    assert main([*words, "--threads", "0"]) == 2 and "at least 1" in capsys.readouterr().err
    (tmp_path / "empty.json").write_text("[]")
    for path, why in (("none.json", "cannot be read"), ("empty.json", "question with evidence")):
        assert main([*words, "--locomo", str(tmp_path / path)]) == 2 and why in capsys.readouterr().err
    assert main(["eval", "recall", "--folder", str(tmp_path / "empty.json")]) == 2
    assert "expected a folder" in capsys.readouterr().err
    with pytest.raises(Damaged):
        (tmp_path / "recall.json").write_text("{}")
        write_recall(tmp_path)


def test_other_peoples_files(tmp_path: Path) -> None:
    turns = [
        {"speaker": "Ann", "dia_id": f"D1:{i}", "text": text} for i, text in enumerate(("Hello.", "I have a red boat."))
    ]
    sample = {
        "sample_id": "c", "qa": [
            {"question": "What does Ann have?", "answer": "a red boat", "evidence": ["D1:1"], "category": 1},
            {"question": "What does Ann fear?", "adversarial_answer": "x", "evidence": ["D1:0"], "category": 5},
        ],
        "conversation": {"session_1": turns, "session_1_date_time": "1:56 pm on 8 May, 2023"},
    }  # fmt: skip
    (tmp_path / "locomo10.json").write_text(json.dumps([sample]))
    (history,) = files.locomo(tmp_path / "locomo10.json")
    assert history.questions[0].evidence == {1} and not history.questions[1].evidence
    found = {(r.arm, r.metric): r.value for r in others.measure("locomo", [history], [reader("llama")])}
    assert found["ours", "any@5"] == 1.0 and ("ours", "f1") in found
    entry = {
        "question_id": "q_1", "question_type": "single", "question": "What do I have?", "answer": "a red boat",
        "haystack_dates": ["2023/05/20 (Sat) 02:21"],
        "haystack_sessions": [[{"role": "user", "content": "I have a red boat.", "has_answer": True}]],
    }  # fmt: skip
    (tmp_path / "lme.json").write_text(json.dumps([entry, entry | {"question_id": "q_abs"}]))
    first, second = files.longmemeval(tmp_path / "lme.json")
    assert first.questions[0].evidence == {0} and not second.questions[0].evidence
    (tmp_path / "bad.json").write_text("[{}]")
    with pytest.raises(Damaged, match="no LoCoMo file"):
        list(files.locomo(tmp_path / "bad.json"))
    for other in ("7", "[7]", "{}", json.dumps([entry | {"haystack_sessions": [["I have a red boat."]]}])):
        (tmp_path / "bad.json").write_text(other)
        with pytest.raises(Damaged, match="no LongMemEval file"):
            list(files.longmemeval(tmp_path / "bad.json"))
        with pytest.raises(Damaged, match="no LoCoMo file"):
            list(files.locomo(tmp_path / "bad.json"))
    null = {"question": None}
    for bad, read in (([entry | null], files.longmemeval), ([sample | {"qa": [sample["qa"][0] | null]}], files.locomo)):
        (tmp_path / "bad.json").write_text(json.dumps(bad))
        with pytest.raises(Damaged, match=r"its question is None, not a text\); expected the file as"):
            list(read(tmp_path / "bad.json"))
    assert files.exact_and_f1("The red boat", "a red boat") == (1.0, 1.0)


def test_questions_whose_evidence_is_no_turn_are_counted_and_told(tmp_path: Path) -> None:
    turns = [{"speaker": "Ann", "dia_id": "D1:1", "text": "I have a red boat."}]
    asked = [
        {"question": "What does Ann have?", "answer": "a red boat", "evidence": [where], "category": 1}
        for where in ("D1:1", "D9:9")
    ]
    talk = {"session_1": turns, "session_1_date_time": "1:56 pm on 8 May, 2023"}
    (tmp_path / "locomo10.json").write_text(json.dumps([{"qa": asked, "conversation": talk}]))
    with pytest.warns(UserWarning, match="locomo: 1 questions are left out"):
        records = others.measure("locomo", files.locomo(tmp_path / "locomo10.json"), embed="lexical")
    assert {record.n for record in records} == {1}
    entry = {
        "question_id": "q_1", "question_type": "single", "question": "What do I have?", "answer": "a red boat",
        "haystack_dates": ["2023/05/20 (Sat) 02:21"],
        "haystack_sessions": [[{"role": "user", "content": "I have a red boat."}]],
    }  # fmt: skip
    (tmp_path / "lme.json").write_text(json.dumps([entry]))
    with (
        pytest.warns(UserWarning, match="longmemeval: 1 questions are left out"),
        pytest.raises(BadSetting, match="question with evidence"),
    ):
        others.measure("longmemeval", files.longmemeval(tmp_path / "lme.json"))


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the development conversations are not in {SHARED}")
def test_the_development_conversations_are_read() -> None:
    histories = list(files.locomo(SHARED))
    assert len(histories) == 5 and all(history.questions for history in histories)
