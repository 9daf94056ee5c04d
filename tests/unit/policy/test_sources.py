"""The registry of sources, and what held on which day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.policy import read_policies
from colonnade.policy.sources import (
    binding_on,
    check_text,
    event_on,
    holds_in,
    next_event,
    read_registry,
    resting_on,
    shipped_registry,
    standing_on,
    state_on,
)
from colonnade.records import (
    InputError,
    SourceEntry,
    SourceEvent,
    SourceKind,
    SourceStatus,
    digest_bytes,
    history_fault,
)
from tests.workspaces import altered, write_workspace

HOUSE = """\
sources:
  - id: house-rules/3
    kind: customer-request
    title: Keys are handed out at the porter's desk
    citation: House rules of the workshop, rule 3
    description: Whoever needs a key asks the porter.
    region: ["*"]
    history:
      - {status: proposed, from: 2023-11-01}
      - {status: in_force, from: 2024-01-01}
      - {status: amended, from: 2025-05-01, note: "The porter writes it down."}
    checked: 2026-11-01
"""


def make_entry(
    *history: tuple[str, str], identifier: str = "house-rules/3", region: tuple[str, ...] = ("*",)
) -> SourceEntry:
    """An entry with rows of status and first day."""
    events = tuple(SourceEvent(status=SourceStatus(word), since=date.fromisoformat(day)) for word, day in history)
    return SourceEntry(
        id=identifier,
        kind=SourceKind.LAW,
        title="House rules",
        citation="House rules, rule 3",
        description="Keys are handed out at the desk.",
        region=region,
        history=events,
        checked=date(2026, 11, 1),
    )


# --- laws of time --------------------------------------------------------------------------------

DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))


@st.composite
def entries(draw: st.DrawFn) -> SourceEntry:
    """Any source whose history can be true."""
    days = sorted(draw(st.sets(DAYS, min_size=1, max_size=6)))
    words = sorted(
        draw(st.lists(st.sampled_from(SourceStatus), min_size=len(days), max_size=len(days))),
        key=lambda word: word.rank,
    )
    entry = make_entry(*((word, day.isoformat()) for word, day in zip(words, days, strict=True)))
    return entry.model_copy(update={"history": tuple(_true(entry.history))})


def _true(history: tuple[SourceEvent, ...]) -> list[SourceEvent]:
    """The rows that may follow one another."""
    kept: list[SourceEvent] = []
    for row in history:
        if history_fault((*kept, row)) is None:
            kept.append(row)
    return kept


@given(entries(), DAYS)
def test_the_state_is_that_of_the_last_row_that_has_begun(entry: SourceEntry, day: date) -> None:
    begun = [row for row in entry.history if row.since <= day]
    assert event_on(entry, day) == (begun[-1] if begun else None)
    assert state_on(entry, day) == (begun[-1].status if begun else None)


@given(entries(), DAYS, DAYS)
def test_a_later_day_never_finds_a_source_further_back(entry: SourceEntry, one: date, other: date) -> None:
    first, second = (state_on(entry, day) for day in sorted((one, other)))
    if first is not None:
        assert second is not None
        assert first.rank <= second.rank


@given(entries())
def test_a_source_that_is_not_yet_proposed_has_no_state(entry: SourceEntry) -> None:
    eve = entry.history[0].since - timedelta(days=1)
    assert state_on(entry, eve) is None
    assert standing_on([entry], eve, "EU") == ()
    assert next_event(entry, eve) == entry.history[0]


@given(entries(), DAYS)
def test_the_next_status_is_another_one_and_none_lies_between(entry: SourceEntry, day: date) -> None:
    now, coming = state_on(entry, day), next_event(entry, day)
    end = coming.since if coming else date.max
    assert coming is None or coming.status is not now
    assert all(row.status is now for row in entry.history if day < row.since < end)


@given(entries(), DAYS)
def test_the_order_of_the_rows_says_nothing(entry: SourceEntry, day: date) -> None:
    turned = entry.model_copy(update={"history": entry.history[::-1]})
    assert event_on(turned, day) == event_on(entry, day)


@given(st.lists(entries(), max_size=4), DAYS, st.sampled_from(["EU", "DE", "US-CA", "*"]))
def test_what_binds_has_not_ended(found: list[SourceEntry], day: date, region: str) -> None:
    named = [entry.model_copy(update={"id": f"law/{index}"}) for index, entry in enumerate(found)]
    standing = standing_on(named, day, region)
    assert all(not row.event.binds or not row.event.ended for row in standing)


def test_a_superseded_source_no_longer_binds() -> None:
    old = make_entry(("in_force", "2024-01-01"), ("amended", "2025-01-01"))
    over = old.history[1].model_copy(update={"superseded_by": "house-rules/4"})
    entry = old.model_copy(update={"history": (old.history[0], over)})
    (after,), (before,) = (standing_on([entry], day, "EU") for day in (date(2025, 1, 1), date(2024, 12, 31)))
    assert (after.event.ended, after.event.binds) == (True, False)
    assert before.event.binds


@pytest.mark.parametrize(
    ("regions", "region", "holds"),
    [
        (("*",), "XX", True),
        (("EU",), "EU", True),
        (("EU",), "DE", True),
        (("EU",), "DE-BY", True),
        (("EU",), "GB", False),
        (("US",), "US-CA", True),
        (("US-CA",), "US", False),
        (("US-CA",), "US-NY", False),
        (("DE",), "EU", False),
        (("EU",), "*", False),
    ],
)
def test_a_law_reaches_the_parts_of_its_region_and_no_further(
    regions: tuple[str, ...], region: str, holds: bool
) -> None:
    assert holds_in(regions, region) is holds


# --- clauses and exceptions on a day -------------------------------------------------------------


def test_an_exception_holds_through_its_last_day(tmp_path: Path) -> None:
    policies = read_policies(write_workspace(tmp_path, altered("policies/doors.md", "2099-12-31", "2027-06-30")))

    def names(day: date) -> dict[str, list[str]]:
        return {row.clause.id: [part.id for part in row.exceptions] for row in binding_on(policies, day, "EU")}

    assert names(date(2027, 6, 30)) == {"doors.entry": ["locksmith"], "doors.rosters": [], "honesty.machine": []}
    assert names(date(2027, 7, 1)) == {"doors.entry": [], "doors.rosters": [], "honesty.machine": []}


def test_clauses_of_other_regions_and_of_drafts_do_not_bind(tmp_path: Path) -> None:
    files = altered("policies/doors.md", 'region: ["*"]', "region: [EU]")
    files |= altered("policies/honesty.md", "status: active", "status: draft")
    policies = read_policies(write_workspace(tmp_path, files))
    day = date(2026, 11, 22)
    assert [row.clause.id for row in binding_on(policies, day, "EU")] == ["doors.entry", "doors.rosters"]
    assert [row.clause.id for row in binding_on(policies, day, "US-CA")] == ["doors.rosters"]
    assert resting_on(policies) == {"house-rules/3": ("doors",)}


# --- the files -----------------------------------------------------------------------------------


def test_a_workspace_adds_its_own_sources(tmp_path: Path) -> None:
    registry = read_registry(write_workspace(tmp_path, {"sources/deep/house.yaml": HOUSE}))
    entry = registry.entry("house-rules/3")
    assert entry is not None
    assert state_on(entry, date(2025, 5, 1)) is SourceStatus.AMENDED
    assert registry.spots["house-rules/3"] == (tmp_path / "sources" / "deep" / "house.yaml", 2)
    assert len(registry.entries) == len(shipped_registry().entries) + 1


def test_an_own_entry_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    own = HOUSE.replace("house-rules/3", "eu-ai-act/art-50")
    registry = read_registry(write_workspace(tmp_path, {"sources/law.yaml": own}))
    assert len(registry.entries) == len(shipped_registry().entries)
    entry = registry.entry("eu-ai-act/art-50")
    assert entry is not None
    assert entry.title.startswith("Keys")
    assert registry.spots[entry.id].file == tmp_path / "sources" / "law.yaml"


def test_a_workspace_without_sources_has_the_shipped_ones(tmp_path: Path) -> None:
    assert read_registry(tmp_path).entries == shipped_registry().entries


def test_line_ends_and_layout_say_nothing(tmp_path: Path) -> None:
    first = read_registry(write_workspace(tmp_path / "one", {"sources/a.yaml": HOUSE}))
    other = HOUSE.replace("{status: proposed, from: 2023-11-01}", "from: 2023-11-01\n        status: proposed")
    second = read_registry(write_workspace(tmp_path / "two", {"sources/b.yaml": other.replace("\n", "\r\n")}))
    assert first.entries["house-rules/3"].digest == second.entries["house-rules/3"].digest


OTHER = HOUSE.replace("house-rules/3", "house-rules/4")
FAULTS = {
    "days in disorder": (
        HOUSE.replace("2024-01-01", "2023-10-01"),
        10,
        "'in_force' from 2023-10-01 stands after 'proposed' from 2023-11-01",
    ),
    "two rows for a day": (HOUSE.replace("2025-05-01", "2024-01-01"), 11, "stands after 'in_force' from 2024-01-01"),
    "back to a proposal": (
        HOUSE.replace("amended, from", "proposed, from"),
        11,
        "a source that was 'in_force' cannot become 'proposed'",
    ),
    "amended before it was in force": (HOUSE.replace("in_force", "amended"), 10, "the source was only 'proposed'"),
    "a row after the end": (HOUSE.replace("in_force", "repealed"), 11, "the source ended on 2024-01-01"),
    "unknown status": (HOUSE.replace("in_force", "binding"), 10, "'sources.0.history.1.status' is 'binding'"),
    "unknown kind": (HOUSE.replace("customer-request", "rumour"), 3, "'sources.0.kind' is 'rumour'"),
    "unknown key": (HOUSE.replace("citation:", "quote:"), 2, "'sources.0.citation' is missing"),
    "no history": (
        HOUSE[: HOUSE.index("      - {")].replace("history:", "history: []") + "    checked: 2026-11-01\n",
        8,
        "history",
    ),
    "no region": (HOUSE.replace('["*"]', "[]"), 7, "'sources.0.region'"),
    "number for a day": (HOUSE.replace("checked: 2026-11-01", "checked: 2026"), 12, "write a day like 2026-08-02"),
    "30 February": (HOUSE.replace("2024-01-01", "2024-02-30"), 10, "2024-02-30"),
    "half a digest": (HOUSE + "    digest: sha256:12\n", 13, "'sources.0.digest'"),
    "no web address": (HOUSE + "    url: notes.txt\n", 13, "'sources.0.url'"),
    "bad id": (HOUSE.replace("house-rules/3", "House Rules"), 2, "'sources.0.id'"),
    "unknown successor": (
        HOUSE.replace('note: "The porter writes it down."', "superseded_by: house-rules/9"),
        2,
        "is superseded by 'house-rules/9', which has no entry",
    ),
    "id twice in a file": (HOUSE + HOUSE.removeprefix("sources:\n"), 13, "'house-rules/3' stands twice; it stands in"),
    "no sources": ("sources: []\n", 1, "'sources'"),
    "a bare list": ("- id: x\n", 1, "expected 'key: value' lines"),
    "empty file": ("", 1, "expected 'key: value' lines"),
    "not YAML": (HOUSE + "  - [\n", 14, "this is not YAML"),
    "a key twice": (HOUSE + "    checked: 2026-11-02\n", 13, "the key 'checked' stands twice"),
}


def written(folder: Path) -> dict[Path, bytes]:
    """Every file and its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("content", "line", "words"), FAULTS.values(), ids=FAULTS)
def test_a_broken_file_is_named_with_its_line_and_nothing_iswritten(
    tmp_path: Path, content: str, line: int, words: str
) -> None:
    before = written(write_workspace(tmp_path, {"sources/house.yaml": content}))
    with pytest.raises(InputError) as caught:
        read_registry(tmp_path)
    assert words in caught.value.what
    assert (caught.value.file, caught.value.line) == (tmp_path / "sources" / "house.yaml", line)
    assert caught.value.exit_status == 2
    assert written(tmp_path) == before


def test_an_id_in_two_files_is_named_with_both_places(tmp_path: Path) -> None:
    write_workspace(tmp_path, {"sources/a.yaml": OTHER + HOUSE.removeprefix("sources:\n"), "sources/b.yaml": HOUSE})
    with pytest.raises(InputError) as caught:
        read_registry(tmp_path)
    assert (caught.value.file, caught.value.line) == (tmp_path / "sources" / "b.yaml", 2)
    assert f"it stands in {tmp_path / 'sources' / 'a.yaml'}, line 13, too" in caught.value.what


def test_a_file_that_would_be_passed_over_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"would not be read\. Call it .house\.yaml"):
        read_registry(write_workspace(tmp_path, {"sources/house.yml": HOUSE}))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file, not a folder"):
        read_registry(write_workspace(tmp_path, {"sources": HOUSE}))


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2: byte 0xff is not UTF-8"):
        read_registry(write_workspace(tmp_path, {"sources/house.yaml": b"sources:\n\xff"}))


# --- the text behind an entry --------------------------------------------------------------------


def test_a_changed_text_is_told_from_the_same_one(tmp_path: Path) -> None:
    text = tmp_path / "rules.txt"
    text.write_bytes(b"Ask the porter.\n")
    kept = HOUSE + f"    digest: {digest_bytes(b'Ask the porter.' + bytes([10]))}\n"
    registry = read_registry(write_workspace(tmp_path, {"sources/house.yaml": kept, "sources/other.yaml": OTHER}))
    assert check_text(registry, "house-rules/3", text).verdict == "same"
    text.write_bytes(b"Ask the porter!\n")
    assert check_text(registry, "house-rules/3", text).verdict == "drift"
    unkept = check_text(registry, "house-rules/4", text)
    assert (unkept.verdict, unkept.digest) == ("unkept", digest_bytes(b"Ask the porter!\n"))


def test_a_text_of_an_unknown_source_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no registry file has the source 'nobody/1'"):
        check_text(shipped_registry(), "nobody/1", tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        check_text(shipped_registry(), "eu-ai-act/art-50", tmp_path / "missing.txt")
