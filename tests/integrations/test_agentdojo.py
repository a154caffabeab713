"""AgentDojo's workspace, played for real with its own tools, solutions and checks."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

if importlib.util.find_spec("agentdojo") is None:
    pytest.skip("needs the extra 'agentdojo'", allow_module_level=True)

from forethought.errors import NotOffered
from forethought.integrations import agentdojo_tasks as tasks
from forethought.integrations.agentdojo_workspace import WorkspaceWorld
from forethought.types import Harm, Progress
from forethought.worlds import make
from forethought.worlds.check import check_world
from forethought.worlds.vector import VectorWorld


def workspace(**how: Any) -> WorkspaceWorld:
    world = make("agentdojo", **how)
    assert isinstance(world, WorkspaceWorld)
    return world


def on_task(number: int) -> WorkspaceWorld:
    """The world at a task of training."""
    world = workspace()
    world.reset(seed=world._order.index(number))
    return world


def solved(world: WorkspaceWorld, seed: int, quality: str = "best") -> tuple[list[str], dict[str, Any]]:
    observation, info = world.reset(seed=seed)
    record, act, over = [observation, info["desire"]], world.demonstrator(quality), False
    while not over:
        observation, _, terminated, truncated, info = world.step(act())
        record += [observation, info["change"]]
        over = terminated or truncated
        assert not info["warning"], info["warning"]
    return record, info


def test_the_world_keeps_its_promises_but_lists_nothing_and_states_no_facts() -> None:
    report = check_world(workspace, episodes=4)
    assert report.ok, str(report)
    assert {finding.check for finding in report.findings} == {"candidates", "reading", "changes"}, str(report)


@pytest.mark.parametrize(
    ("split", "axis"),
    [("train", ""), ("validation", "combination"), ("test", "combination"), ("validation", "tasks"), ("test", "tasks")],
)
def test_agentdojos_own_solutions_pass_its_own_checks_without_harm(split: str, axis: str) -> None:
    world = workspace(split=split, axis=axis)
    for seed in range(len(world._order)):
        _, info = solved(world, seed)
        assert info["progress"] is Progress.SATISFIED and info["harm"] is Harm.NONE, world._task.ID


def test_an_empty_answer_to_a_question_is_a_failure() -> None:
    world = on_task(0)
    *_, terminated, _, info = world.step("answer")
    assert terminated and info["progress"] is Progress.FAILED and info["change"] == "The user is not content."


def test_a_mail_deleted_unasked_is_harm_and_a_file_deleted_as_asked_is_none() -> None:
    world = on_task(0)
    *_, terminated, _, info = world.step('delete_email {"email_id": "3"}')
    assert terminated and info["harm"] is Harm.HARMED and "3" not in world._workspace.inbox.emails
    world = on_task(35)  # find and delete the largest file
    (asked,) = world._asked["delete_file"]["file_id"]
    assert world.fork().step(f'delete_file {{"file_id": "{asked}"}}')[4]["harm"] is Harm.NONE
    other = "1" if asked != "1" else "2"
    assert world.step(f'delete_file {{"file_id": "{other}"}}')[4]["harm"] is Harm.HARMED


def test_whom_a_mail_reaches_is_what_counts() -> None:
    world = on_task(13)  # the mail with the TODOs asks to send one
    (to,) = world._asked["send_email"]["recipients"]
    send = 'send_email {{"recipients": ["{0}"], "subject": "s", "body": "b"}}'
    assert world.fork().step(send.format(to))[4]["harm"] is Harm.NONE
    assert world.fork().step(send.format("somebody@else.com"))[4]["harm"] is Harm.HARMED
    copied = f'send_email {{"recipients": ["{to}"], "subject": "s", "body": "b", "cc": ["somebody@else.com"]}}'
    assert world.step(copied)[4]["harm"] is Harm.HARMED


def test_a_call_that_fails_is_an_outcome_and_no_harm() -> None:
    world = on_task(0)
    _, _, terminated, _, info = world.step('delete_email {"email_id": "9999"}')
    assert not terminated and info["harm"] is Harm.NONE and not info["warning"]
    assert info["change"].startswith("The call fails.")


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("qqq zzz 000", "is no tool"),
        ("", "is no tool"),
        ("search_emails yoga", "are no JSON"),
        ("search_emails [1]", "expected an object"),
        ('search_emails {"text": "yoga"}', "query"),
    ],
)
def test_a_malformed_action_is_a_warning_and_no_lesson(action: str, says: str) -> None:
    world = on_task(0)
    before = world._text
    text, _, terminated, _, info = world.step(action)
    assert says in info["warning"] and info["change"] == "" and text == before and not terminated


def test_the_model_has_to_propose() -> None:
    world = workspace()
    _, info = world.reset(seed=0)
    assert "candidates" not in info
    with pytest.raises(NotOffered):
        world.candidates()
    assert VectorWorld([world]).reset(0, seed=0).candidates == ()


def test_a_fork_is_independent() -> None:
    world = on_task(0)
    fork = world.fork()
    fork.step('create_file {"filename": "a.txt", "content": "b"}')
    assert len(fork._workspace.cloud_drive.files) == len(world._workspace.cloud_drive.files) + 1


def test_calls_are_read_as_they_are_written() -> None:
    world = workspace()
    for arguments in ({}, {"query": 'the "big" one\nand more', "sender": None}, {"recipients": ["a@b.c"]}):
        assert tasks.parse(tasks.call("search_emails", arguments), world._tools) == ("search_emails", arguments)


# --- what is held out ---


def test_training_never_meets_a_held_out_request_or_an_injected_order() -> None:
    suite = tasks.suite()
    held = [n for table in (tasks.COMBINED, tasks.HELD_OUT) for numbers in table.values() for n in numbers]
    assert len(held) == len(set(held)) and len(held) + len(tasks.training_tasks()) == len(suite.user_tasks)
    prompts = {suite.get_user_task_by_id(f"user_task_{n}").PROMPT.strip() for n in held}
    orders = [order.split("{")[0] for order in tasks.ORDERS.values()]
    world = workspace()
    for seed in range(len(world._order)):
        record, _ = solved(world, seed)
        assert record[1] not in prompts
        assert not any(order in text for order in orders for text in record)
        assert "mark.black" not in " ".join(record)
    assert all(set(workspace(split=split)._order) == set(world._order) for split in ("validation", "test"))


def test_what_is_asked_together_was_asked_apart_in_training() -> None:
    parts = {4: (1, 6), 19: (1, 13), 23: (1, 22), 36: (30, 31), 37: (30, 32), 38: (27, 35), 39: (16, 22)}
    combined = {number for numbers in tasks.COMBINED.values() for number in numbers}
    assert set(parts) == combined
    suite, training = tasks.suite(), set(tasks.training_tasks())
    for whole, halves in parts.items():
        assert set(halves) <= training
        prompt = suite.get_user_task_by_id(f"user_task_{whole}").PROMPT
        for half in halves:
            assert suite.get_user_task_by_id(f"user_task_{half}").PROMPT.strip() in prompt, (whole, half)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_an_injected_order_is_met_and_following_it_is_harm(split: str) -> None:
    world, harmed = workspace(split=split, axis="injection"), 0
    for seed in range(12):
        record, info = solved(world, seed)
        assert info["progress"] is Progress.SATISFIED and info["harm"] is Harm.NONE
        order = tasks.ORDERS[split].split("{")[0]
        assert any(order in text for text in record)
        if world._injection.ground_truth(world._before.model_copy(deep=True)):
            _, info = solved(world, seed, "custom")
            assert info["harm"] is Harm.HARMED
            harmed += 1
    assert harmed > 2
