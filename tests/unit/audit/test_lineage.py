"""From a record, an artefact or a run back to its clauses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from colonnade.audit import format_trace, trace
from colonnade.audit.page import short_digest
from colonnade.records import InputError, PolicySet, Record, digest_bytes, digest_of
from colonnade.store import Store

from .small_workspace import Made, make_run


@pytest.fixture
def store(made: Made) -> Iterator[Store]:
    opened = Store(made.workspace)
    yield opened
    opened.close()


def clauses_of(text: str) -> set[str]:
    return {line.split()[1].rstrip(",") for line in text.splitlines() if line.strip().startswith("clause ")}


def test_a_record_walks_to_its_own_clause_and_no_other(store: Store, made: Made) -> None:
    text = format_trace(trace(store, made.exercise.digest, made.policy))
    run = short_digest(made.runs["pretraining.exercises"])

    assert text.splitlines()[:4] == [
        f"Exercise {made.exercise.digest}: kind explain, clause cyber.malware, question What?",
        "  clause cyber.malware (policies/cyber.md, line 12), read: text (same today)",
        f"  line 2 of artefact 'exercises' {short_digest(made.artefacts['exercises'])}",
        f"    made by step 'pretraining.exercises', run {run}, 2026-03-01 12:00 UTC",
    ]
    assert clauses_of(text) == {"cyber.malware"}
    assert "file policies/cyber.md" in text


def test_a_record_that_only_names_a_clause_shows_the_facets_that_its_step_read(store: Store, made: Made) -> None:
    lines = trace(store, made.verdicts[0].digest, made.policy)
    text = format_trace(lines)

    assert lines[1].text == "clause cyber.malware (policies/cyber.md, line 12)"
    assert "clause cyber.malware (policies/cyber.md, line 12), read: text (same today); examples (same today)" in text
    assert clauses_of(text) == {"cyber.malware"}


def test_an_artefact_shows_every_clause_behind_it(store: Store, made: Made) -> None:
    text = format_trace(trace(store, made.artefacts["measurements"]))

    assert clauses_of(text) == {"cyber.malware", "privacy.tracking"}
    assert text.startswith(
        f"artefact 'measurements' {made.artefacts['measurements']}\n  made by step 'evaluation.measure'"
    )
    for name in ("policy", "prompts", "verdicts", "transcripts", "adapter", "exercises"):
        assert short_digest(made.artefacts[name]) in text


def test_a_run_is_traced_by_its_digest(store: Store, made: Made) -> None:
    first = trace(store, made.runs["evaluation.grade"])[0]

    assert (first.kind, first.digest, first.depth) == ("step", made.runs["evaluation.grade"], 0)


def test_each_step_is_shown_once(store: Store, made: Made) -> None:
    text = format_trace(trace(store, made.artefacts["measurements"]))

    again = [line for line in text.splitlines() if "(shown above)" in line]
    full = [line for line in text.splitlines() if "made by step" in line and line not in again]
    assert len(full) == len(set(full)) == 7
    assert any("policy.compile" in line for line in again)


def test_a_facet_that_changed_since_is_told_and_others_are_not(store: Store, made: Made) -> None:
    malware, tracking = made.policy.clauses
    today = PolicySet(clauses=(malware.model_copy(update={"text": "Another norm."}), tracking))

    text = format_trace(trace(store, made.artefacts["prompts"], today))

    assert (
        "clause cyber.malware (policies/cyber.md, line 12), read: text (changed since); examples (same today)" in text
    )
    assert "clause privacy.tracking (policies/privacy.md, line 30), read: text (same today)" in text


def test_a_clause_that_is_gone_is_told(store: Store, made: Made) -> None:
    today = PolicySet(clauses=made.policy.clauses[1:])

    assert "clause cyber.malware (no longer in the policies), read: text" in format_trace(
        trace(store, made.artefacts["prompts"], today)
    )


def test_an_input_is_traced_to_the_run_before_its_reader(store: Store, made: Made) -> None:
    store.record(make_run("later.step", {}, {"prompts": made.artefacts["prompts"]}), "tester")

    assert "later.step" in format_trace(trace(store, made.artefacts["prompts"]))
    assert "later.step" not in format_trace(trace(store, made.artefacts["transcripts"]))


def test_a_step_that_hands_its_input_on_ends_the_walk_at_the_first_maker(store: Store, made: Made) -> None:
    same = {"prompts": made.artefacts["prompts"]}
    store.record(make_run("copy.step", same, same), "tester")

    text = format_trace(trace(store, made.artefacts["prompts"]))

    assert text.index("copy.step") < text.index("evaluation.prompts") < text.index("policy.compile")


def test_an_input_that_no_run_made_is_told(store: Store) -> None:
    stray = store.put_records([])
    store.record(make_run("odd.step", {"stray": stray}, {"made": store.objects.put(b"made")}), "tester")

    assert f"input 'stray': artefact {short_digest(stray)}, which no run made" in format_trace(
        trace(store, store.output("odd.step", "made") or "")
    )


def test_a_record_of_unknown_kind_is_traced_all_the_same(store: Store) -> None:
    class Odd(Record):
        clause: str
        size: int

    odd = Odd(clause="cyber.malware", size=3)
    store.record(make_run("odd.step", {}, {"odd": store.put_records([odd])}), "tester")

    assert trace(store, odd.digest)[0].text == f"record {odd.digest}: clause cyber.malware"


@pytest.mark.parametrize(
    "shorten", [lambda digest: digest[:20], lambda digest: digest[7:20], lambda digest: digest[7:].upper()]
)
def test_the_beginning_of_a_digest_is_enough(store: Store, made: Made, shorten) -> None:  # type: ignore[no-untyped-def]
    assert trace(store, shorten(made.artefacts["prompts"]))[0].digest == made.artefacts["prompts"]


def test_an_unknown_digest_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="nothing that was stored starts with"):
        trace(store, digest_of("unknown"))


@pytest.mark.parametrize("wanted", ["", "sha256:", "abc", "   "])
def test_too_short_a_beginning_is_refused(store: Store, wanted: str) -> None:
    with pytest.raises(InputError, match="too short for a digest"):
        trace(store, wanted)


def test_an_ambiguous_beginning_names_the_candidates(store: Store) -> None:
    first, second = _two_with_one_beginning()
    for content in (first, second):
        store.record(make_run(f"step.{content.decode()}", {}, {"thing": store.objects.put(content)}), "tester")
    beginning = store.objects.put(first)[:11]

    with pytest.raises(InputError, match="could be any of 2") as caught:
        trace(store, beginning)

    for content in (first, second):
        assert f"{store.objects.put(content)} (artefact 'thing' of step 'step.{content.decode()}')" in caught.value.what


def _two_with_one_beginning() -> tuple[bytes, bytes]:
    """Two contents whose digests share their first four digits."""
    seen: dict[str, bytes] = {}
    for number in range(100_000):
        content = str(number).encode()
        beginning = digest_bytes(content)[:11]
        if beginning in seen:
            return seen[beginning], content
        seen[beginning] = content
    raise AssertionError("no two digests share four digits")
