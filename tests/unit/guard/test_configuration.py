from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.guard import read_guard_configuration
from colonnade.guard.configuration import DEFAULT_LIMIT, PROBE_LIMIT
from colonnade.records import InputError

from .small_policies import ACTIONS, GUARD_YAML, configuration, write_yaml


def test_a_file_becomes_a_frozen_record_with_every_action(tmp_path: Path) -> None:
    read = read_guard_configuration(write_yaml(tmp_path, GUARD_YAML))
    assert read == configuration()
    assert tuple(action for action, _ in read.replies) == ACTIONS
    assert dict(read.replies)["refuse"] == (("en", "No."), ("de", "Nein."))
    assert read.digest == configuration().digest


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('  escalate: {en: "A person will look at this."}\n', "", 4, "'escalate' has no reply"),
        ('{en: "Not in detail."}', "{}", 4, "'deflect' needs"),
        ('{en: "Not in detail."}', '{en: ""}', 4, "no text in the language 'en'"),
        ('{en: "Not in detail."}', "{en: 3}", 4, "no text in the language 'en'"),
        ('{en: "Not in detail."}', '{no: "Nei."}', 4, "put it in quotes"),
        ("  deflect:", "  deflct:", 4, "'deflct' is not an action"),
        ("tiers: [public, tester]", "tiers: []", 1, "at least 1 item"),
        ("tiers: [public, tester]", "tiers: public", 1, "tiers"),
        ("tiers: [public, tester]", "tiers: [public, public]", 1, "stands twice"),
        ("tiers: [public, tester]", 'tiers: ["a; b"]', 1, "tiers.0"),
        ("purposes: [general, authorised-test]\n", "", 1, "'purposes' is missing"),
        ("replies:", "replys:", 1, "'replies' is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GUARD_YAML
    file = write_yaml(tmp_path, GUARD_YAML.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_guard_configuration(file)
    assert words in caught.value.sentence
    assert f"guard.yaml, line {line}:" in caught.value.sentence


def test_a_capped_answer_that_cannot_be_had_is_deflected_unless_there_is_a_text_for_it(tmp_path: Path) -> None:
    replies = dict(read_guard_configuration(write_yaml(tmp_path, GUARD_YAML)).replies)
    assert replies["cap"] == replies["deflect"]
    own = GUARD_YAML + '  cap: {en: "In general only."}\n'
    assert dict(read_guard_configuration(write_yaml(tmp_path, own)).replies)["cap"] == (("en", "In general only."),)


def test_grants_are_decided_by_named_roles_and_without_them_by_nobody(tmp_path: Path) -> None:
    assert read_guard_configuration(write_yaml(tmp_path, GUARD_YAML)).access is None
    own = GUARD_YAML + "access: {approvers: [safety], reviewers: [review]}\n"
    access = read_guard_configuration(write_yaml(tmp_path, own)).access
    assert access is not None
    assert (access.log, access.review_share) == ("", 0.1)
    for wrong in ("approvers: []", "approvers: [safety], review_share: 0", "approvers: [safety], reviwers: [x]"):
        with pytest.raises(InputError, match=r"guard\.yaml, line"):
            read_guard_configuration(write_yaml(tmp_path, GUARD_YAML + f"access: {{{wrong}}}\n"))


JUDGE = "judge: {model: reader@http://127.0.0.1:8000/v1, seconds: 2.5}\n"


def test_a_judge_and_limits_of_detectors_are_read(tmp_path: Path) -> None:
    detectors = "detectors: {patterns: {milliseconds: 40}, heads/small: {milliseconds: 300}}\n"
    read = read_guard_configuration(write_yaml(tmp_path, GUARD_YAML + JUDGE + detectors))
    assert read.judge is not None
    assert (*read.judge.address, read.judge.seconds) == ("reader", "http://127.0.0.1:8000/v1", 2.5)
    assert read.judge.key_variable == "COLONNADE_JUDGE_KEY"
    names = ("patterns/request", "heads/small", "heads/large")
    assert [read.milliseconds_for(name) for name in names] == [40, 300, DEFAULT_LIMIT]


@pytest.mark.parametrize(("said", "read"), [("", None), ("probe: true\n", True), ("probe: false\n", False)])
def test_whether_a_probe_looks_again_is_left_open_where_nothing_is_said(
    tmp_path: Path, said: str, read: bool | None
) -> None:
    assert read_guard_configuration(write_yaml(tmp_path, GUARD_YAML + said)).probe is read


def test_a_probe_has_more_time_than_others_unless_somebody_says_how_much(tmp_path: Path) -> None:
    own = GUARD_YAML + "detectors: {probe: {milliseconds: 700}}\n"
    assert configuration().milliseconds_for("probe/layer-16-mean") == PROBE_LIMIT > DEFAULT_LIMIT
    assert read_guard_configuration(write_yaml(tmp_path, own)).milliseconds_for("probe/layer-16-mean") == 700


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (JUDGE.replace("reader@", ""), "names no model on a server"),
        (JUDGE.replace("http://", "http://user:key@"), "holds a user, a password"),
        (JUDGE.replace("2.5", "0"), "greater than 0"),
        (JUDGE.replace("seconds: 2.5", "key: abc"), "not a known key"),
        (JUDGE.replace("seconds: 2.5", "key_variable: sk-123"), "key_variable"),
        ("detectors: {patterns: 40}\n", "needs '{milliseconds: 500}'"),
        ("detectors: {patterns: {milliseconds: 0}}\n", "greater than or equal to 1"),
    ],
)
def test_a_judge_that_cannot_be_asked_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_guard_configuration(write_yaml(tmp_path, GUARD_YAML + text))
    assert caught.value.line == 10
