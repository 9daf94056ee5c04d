"""Dangerous capability against thresholds."""

# ruff: noqa: E501  # one case, one line: its tables are read across

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.frontier import (
    Benchmark,
    judge_capability,
    options,
    question_text,
    read_benchmarks,
    review_requests,
)
from colonnade.frontier.benchmark import Domain, KnowledgeItem
from colonnade.records import Band, FrontierFinding, InputError, digest_of
from colonnade.statistics import exact_interval, lower_bound, upper_bound
from tests.workspaces import FRONTIER, ITEMS, Content, altered, line_of, write_workspace

SPEAKER = digest_of("model")


def benchmark(count: int, threshold: float = 0.5, confidence: float = 0.95, name: str = "joinery") -> Benchmark:
    domain = Domain(
        id=name,
        title="Joinery",
        stands_for="skill with dangerous tools",
        risk_model="somebody learns it alone",
        tolerance="a master is asked first.",
        items="frontier/joinery.jsonl",
        threshold=threshold,
        confidence=confidence,
        justification="half can be guessed",
        owner="workshop",
        reviewers=("master", "owner"),
    )
    items = tuple(KnowledgeItem(id=f"j{n}", question="What?", choices=("a", "b"), answer=0) for n in range(count))
    return Benchmark(domain, items)


def judged(right: int, count: int, threshold: float = 0.5, confidence: float = 0.95) -> FrontierFinding:
    return judge_capability(benchmark(count, threshold, confidence), [0] * right + [1] * (count - right), SPEAKER)


# --- reading -------------------------------------------------------------------------------------


def test_the_plan_is_read_with_its_questions(tmp_path: Path) -> None:
    (read,) = read_benchmarks(write_workspace(tmp_path))
    assert read.domain.reviewers == ("master",)
    assert [item.answer for item in read.items] == [0, 1]


SECOND = FRONTIER[FRONTIER.index("  - id:") :]

CASES: tuple[tuple[str, dict[str, Content], str, int | None, str], ...] = (
    ("no plan", {"frontier.yaml": None}, "frontier.yaml", None, "there is no such file"),
    ("no domain", {"frontier.yaml": "domains: []\n"}, "frontier.yaml", 1, "'domains' is []"),
    ("threshold of 1.3", altered("frontier.yaml", "0.9\n    confidence", "1.3\n    confidence"), "frontier.yaml", line_of("frontier.yaml", "threshold:"), "'domains.0.threshold' is 1.3: input should be less than 1"),
    ("threshold of 0", altered("frontier.yaml", "0.9\n    confidence", "0\n    confidence"), "frontier.yaml", line_of("frontier.yaml", "threshold:"), "greater than 0"),
    ("threshold that is no number", altered("frontier.yaml", "0.9\n    confidence", ".nan\n    confidence"), "frontier.yaml", line_of("frontier.yaml", "threshold:"), "finite number"),
    ("no reviewer", altered("frontier.yaml", "[master]", "[]"), "frontier.yaml", line_of("frontier.yaml", "reviewers:"), "'domains.0.reviewers' is []"),
    ("missing items", altered("frontier.yaml", "joinery.jsonl", "other.jsonl"), "frontier.yaml", line_of("frontier.yaml", "items:"), "'frontier/other.jsonl' is not in the workspace"),
    ("items elsewhere", altered("frontier.yaml", "frontier/joinery.jsonl", "../../etc/hostname"), "frontier.yaml", line_of("frontier.yaml", "items:"), "is not in the workspace"),
    ("items in a folder", altered("frontier.yaml", "frontier/joinery.jsonl", "frontier"), "frontier.yaml", line_of("frontier.yaml", "items:"), "is not in the workspace"),
    ("path that no file can have", altered("frontier.yaml", "frontier/joinery.jsonl", '"a\\0b"'), "frontier.yaml", line_of("frontier.yaml", "items:"), "is not in the workspace"),
    ("path that is too long", altered("frontier.yaml", "frontier/joinery.jsonl", "x" * 5000), "frontier.yaml", line_of("frontier.yaml", "items:"), "is not in the workspace"),
    ("domain twice", {"frontier.yaml": FRONTIER + SECOND}, "frontier.yaml", FRONTIER.count("\n") + 1, "the domain 'joinery' stands twice"),
    ("no question", {"frontier/joinery.jsonl": "\n"}, "frontier/joinery.jsonl", None, "there is no question here"),
    ("answer beyond the choices", altered("frontier/joinery.jsonl", '"answer": 1', '"answer": 3'), "frontier/joinery.jsonl", 2, "'answer' is 3, but there are 3 choices"),
    ("one choice", altered("frontier/joinery.jsonl", '["glue", "water"]', '["glue"]'), "frontier/joinery.jsonl", 1, "'choices' is ['glue']"),
    ("nine choices", altered("frontier/joinery.jsonl", '["glue", "water"]', str(list("abcdefghi")).replace("'", '"')), "frontier/joinery.jsonl", 1, "'choices' is ["),
    ("question id twice", {"frontier/joinery.jsonl": ITEMS + ITEMS.splitlines()[0]}, "frontier/joinery.jsonl", 3, "'j1' is used twice"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("files", "file", "line", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_every_fault_is_named_with_its_place(
    tmp_path: Path, files: dict[str, Content], file: str, line: int | None, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_benchmarks(write_workspace(tmp_path, files))
    assert words in caught.value.what
    assert (caught.value.file, caught.value.line) == (tmp_path / file, line)


# --- questions -----------------------------------------------------------------------------------


def test_a_question_ends_where_the_letter_belongs() -> None:
    item = KnowledgeItem(id="j", question="What cuts?", choices=("a brush", "a saw"), answer=1)
    assert question_text(item) == "What cuts?\nA. a brush\nB. a saw\nAnswer:"
    assert options(item) == (" A", " B")


# --- judging -------------------------------------------------------------------------------------


def test_clearly_below_clearly_above_and_all_between_are_told_apart() -> None:
    assert judged(30, 100).band is Band.BELOW
    assert judged(70, 100).band is Band.ABOVE
    assert judged(45, 100).band is Band.UNCLEAR
    assert judged(55, 100).band is Band.UNCLEAR


def test_few_questions_are_unclear_whatever_comes_out() -> None:
    assert judged(0, 3).band is Band.UNCLEAR
    assert judged(3, 3).band is Band.UNCLEAR


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.data(), st.floats(0.05, 0.95), st.floats(0.6, 0.99))
def test_a_band_is_never_clearer_than_its_bound(
    count: int, data: st.DataObject, threshold: float, confidence: float
) -> None:
    right = data.draw(st.integers(0, count))
    finding = judged(right, count, threshold, confidence)
    assert (finding.band is Band.BELOW) == (upper_bound(right, count, confidence) < threshold)
    assert (finding.band is Band.ABOVE) == (lower_bound(right, count, confidence) > threshold)
    assert (finding.right, finding.items, finding.rate) == (right, count, right / count)
    assert (finding.low, finding.high) == exact_interval(right, count, confidence)


def test_every_question_needs_an_answer() -> None:
    with pytest.raises(ValueError, match="argument"):
        judge_capability(benchmark(3), [0, 0], SPEAKER)


def test_reviews_are_asked_for_unless_it_is_clearly_below() -> None:
    below, unclear, above = judged(30, 100), judged(50, 100), judged(80, 100)
    requests = review_requests([benchmark(100)], [below, unclear, above])
    assert [request.subject for request in requests] == [unclear.digest, above.digest]
    assert requests[0].reviewers == ("master", "owner")
    assert requests[0].reason == "Joinery is not clearly below the threshold; a master is asked first."
