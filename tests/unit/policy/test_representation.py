"""A manifest against its targets: what is met, what is unclear, and whether the advice helps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.policy import read_policies
from colonnade.policy.completeness import Standing
from colonnade.policy.manifest import Item, read_manifest
from colonnade.policy.representation import TargetReport, additions, check_target, targets_of
from colonnade.records import InputError, PolicySet, Status
from colonnade.records.data_target import DataTarget

DOCTORS = Path(__file__).parents[3] / "examples" / "doctors"


def items(*counts: int, source: str = "a", first: int = 0, **more: object) -> list[Item]:
    """So many items of the cells g0, g1, ..., no two alike."""
    groups = [f"g{place}" for place, count in enumerate(counts) for _ in range(count)]
    base = {"licence": "CC0-1.0", "consent": "yes", "source": source} | more
    return [
        Item.model_validate(
            {"id": f"{source}{number}", "attributes": {"group": group}, "content_digest": f"{source}{number}"} | base
        )
        for number, group in enumerate(groups, start=first)
    ]


def target(*shares: float, **more: object) -> DataTarget:
    cells = [{"where": {"group": f"g{place}"}, "share": share} for place, share in enumerate(shares)]
    return DataTarget.model_validate({"id": "t", "cells": cells, "because": "a test"} | more)


def standings(report: TargetReport) -> dict[str, Standing]:
    return {check.name: check.standing for check in report.checks}


def test_a_share_is_met_unclear_or_missed_by_where_its_interval_lies() -> None:
    report = check_target(items(60, 35, 5), "c", target(0.3, 0.3, 0.3))
    assert [cell.standing for cell in report.cells] == [Standing.MET, Standing.UNCLEAR, Standing.MISSED]
    assert report.standing is Standing.MISSED
    assert report.cells[1].low < 0.3 < report.cells[1].high
    assert check_target(items(60, 40), "c", target(0.4, 0.35)).standing is Standing.UNCLEAR


def test_a_tolerance_moves_what_is_asked_and_more_cells_widen_each_interval() -> None:
    report = check_target(items(60, 35, 5), "c", target(0.3, 0.3, tolerance=0.1))
    assert [cell.asked for cell in report.cells] == pytest.approx([0.2, 0.2])
    assert report.cells[1].standing is Standing.MET
    assert report.interval_confidence == pytest.approx(0.975)
    alone = check_target(items(60, 35, 5), "c", target(0.3))
    assert alone.cells[0].high - alone.cells[0].low < report.cells[0].high - report.cells[0].low


def test_a_count_is_met_by_counting() -> None:
    wanted = DataTarget.model_validate(
        {"id": "t", "cells": [{"where": {"group": "g0"}, "minimum": 4}], "because": "a test"}
    )
    assert check_target(items(4, 96), "c", wanted).standing is Standing.MET
    report = check_target(items(3, 97), "c", wanted)
    assert (report.standing, report.cells[0].add) == (Standing.MISSED, 1)
    assert "Add 1 item with group g0." in report.mend


def test_the_measures_of_a_lopsided_set_are_those_worked_out_by_hand() -> None:
    report = check_target(items(520, 130, 40, 230, 60, 20), "c", target(*[1 / 6] * 6))
    assert report.entropy == pytest.approx(0.736, abs=5e-4)
    assert report.distance == pytest.approx(0.4167, abs=5e-5)
    assert report.worst_ratio == pytest.approx(26)
    assert report.concentration == pytest.approx(1)


def test_an_empty_cell_has_no_ratio_and_is_missed() -> None:
    report = check_target(items(200, 0), "c", target(0.1, 0.1))
    assert report.worst_ratio is None
    assert report.cells[1].standing is Standing.MISSED


def test_repeated_items_count_once_and_their_rate_is_held_against_the_target() -> None:
    twice = items(50, 50) + items(0, 10, first=100, content_digest="a99")
    report = check_target(twice, "c", target(0.3, 0.3, duplicates=0.05))
    assert (report.items, report.distinct, report.cells[1].count) == (110, 100, 50)
    assert standings(report)["near duplicates"] is Standing.MISSED
    assert any(sentence.startswith("Take 10 items out") for sentence in report.mend)
    assert standings(check_target(twice, "c", target(0.3, 0.3)))["near duplicates"] is Standing.MET


def test_another_source_with_the_same_photos_adds_nothing() -> None:
    copied = items(50, 50) + [row.model_copy(update={"id": f"b{row.id}", "source": "b"}) for row in items(50, 50)]
    report = check_target(copied, "c", target(0.3, 0.3, largest_source=0.6))
    assert report.distinct == 100
    assert {row.source: row.repeats_of_others for row in report.sources} == {"a": 0, "b": 100}
    assert standings(report)["largest source"] is Standing.MISSED


def test_without_signatures_repetition_is_unclear_where_it_is_asked_about() -> None:
    blind = items(50, 50, content_digest="")
    assert standings(check_target(blind, "c", target(0.3, duplicates=0.1)))["near duplicates"] is Standing.UNCLEAR
    assert standings(check_target(blind, "c", target(0.3)))["near duplicates"] is Standing.MET


def test_papers_are_counted_over_all_items() -> None:
    mixed = items(98, 0) + items(1, 0, first=200, licence="", consent="") + items(1, 0, first=300, licence="house")
    report = check_target(mixed, "c", target(0.3, licences=["CC0-1.0"], consent=True))
    assert (standings(report)["licences"], standings(report)["consent"]) == (Standing.MISSED, Standing.MISSED)
    assert "Settle the licence of 2 items, or take them out: a200, a300." in report.mend
    assert "Get the consent for 1 item, or take them out: a200." in report.mend
    any_licence = check_target(mixed[:-2], "c", target(0.3))
    assert standings(any_licence)["licences"] is Standing.MET


def test_languages_of_target_and_launch_must_all_be_there() -> None:
    spoken = items(10, 10, language="en")
    report = check_target(spoken, "c", target(0.1, languages=["en"]), ("en", "de"))
    assert standings(report)["languages"] is Standing.MISSED
    assert "Add items in de." in report.mend


def test_who_declares_nothing_is_counted_and_never_filled_in() -> None:
    silent = items(90, 0) + items(10, 0, first=200, attributes={})
    report = check_target(silent, "c", target(0.3, undeclared=0.05))
    assert report.undeclared == pytest.approx(0.1)
    assert standings(report)["undeclared"] is Standing.MISSED
    assert report.cells[0].count == 90
    assert any("at least 5 items to declare group" in sentence for sentence in report.mend)


def test_a_target_about_a_subject_leaves_the_other_items_out() -> None:
    about = target(0.1, subject={"occupation": "doctor"})
    report = check_target(items(10, 10), "c", about)
    assert (report.items, report.standing) == (0, Standing.MISSED)
    assert standings(report)["items"] is Standing.MISSED
    doctors = items(100, 0, attributes={"group": "g0", "occupation": "doctor"})
    assert check_target(doctors + items(500, first=500), "c", about).items == 100


def test_shares_that_leave_no_room_are_said_to_leave_none() -> None:
    report = check_target(items(50, 50), "c", target(0.5, 0.5))
    assert report.cells[0].add is None
    assert any(sentence.startswith("No sensible number") for sentence in report.mend)


@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
    st.floats(0.1, 0.8),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([1.0, 0.6]),
)
def test_who_follows_the_advice_meets_the_target(
    data: st.DataObject, counts: list[int], whole: float, tolerance: float, largest: float
) -> None:
    weights = data.draw(st.lists(st.floats(0.1, 1.0), min_size=len(counts), max_size=len(counts)))
    shares = [whole * weight / sum(weights) for weight in weights]
    asked = target(*shares, tolerance=tolerance, largest_source=largest)
    report = check_target(items(*counts), "c", asked)
    added = additions(counts, sum(counts), asked, sum(counts))
    assert added is not None
    more, rest = added
    mended = items(*counts)
    for source, part in (("b", 0), ("d", 1)):
        half = [count // 2 + part * (count % 2) for count in more]
        mended += items(*half, source=source)
        mended += items(rest // 2 + part * (rest % 2), source=source, first=100_000, attributes={"group": "other"})
    after = check_target(mended, "c", asked)
    assert all(cell.standing is Standing.MET for cell in after.cells)
    if sum(counts) and largest < 1:
        assert {row.source: row.share for row in after.sources}["a"] <= largest + 1e-9
    if all(cell.standing is Standing.MET for cell in report.cells):
        assert not any(cell.add for cell in report.cells) or largest < 1


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(40)))
def test_the_order_of_the_manifest_changes_nothing(order: list[int]) -> None:
    rows = items(20, 15, 5)
    asked = target(0.2, 0.2, 0.2)
    assert check_target([rows[place] for place in order], "c", asked) == check_target(rows, "c", asked)


def doctors() -> PolicySet:
    return read_policies(DOCTORS)


def test_the_vendor_alone_misses_the_target_and_three_sources_meet_it() -> None:
    ((clause, wanted),) = targets_of(doctors())
    before = check_target(read_manifest(DOCTORS / "manifest-before.jsonl"), clause.id, wanted)
    after = check_target(read_manifest(DOCTORS / "manifest-after.jsonl"), clause.id, wanted)
    assert (before.items, before.distinct, before.standing) == (200, 190, Standing.MISSED)
    cells = {cell.where: cell.standing for cell in before.cells}
    assert cells[("gender", "man"), ("skin tone", "light")] is Standing.MET
    assert cells[("gender", "woman"), ("skin tone", "dark")] is Standing.MISSED
    assert (before.entropy or 0) < 0.6 < 0.98 < (after.entropy or 0)
    assert after.standing is Standing.MET
    assert after.mend == ()
    assert len(after.sources) == 3


def test_the_manifests_are_those_that_the_script_makes(tmp_path: Path) -> None:
    script = tmp_path / "make_manifests.py"
    script.write_text((DOCTORS / "make_manifests.py").read_text())
    subprocess.run([sys.executable, str(script)], check=True)
    for name in ("manifest-before.jsonl", "manifest-after.jsonl"):
        assert (tmp_path / name).read_text() == (DOCTORS / name).read_text()


@pytest.mark.parametrize(("name", "status"), [("manifest-before.jsonl", 1), ("manifest-after.jsonl", 0)])
def test_the_readme_of_the_example_shows_the_true_output(name: str, status: int) -> None:
    result = CliRunner().invoke(policy_application, ["check-data", str(DOCTORS / name), str(DOCTORS)])
    assert result.exit_code == status
    shown = "\n".join(line.rstrip() for line in result.stdout.strip().split("\n"))
    assert shown in (DOCTORS / "README.md").read_text()


def test_the_command_prints_json_and_ends_with_one_where_anything_is_missed() -> None:
    arguments = ["check-data", str(DOCTORS / "manifest-before.jsonl"), str(DOCTORS), "--json"]
    result = CliRunner().invoke(policy_application, [*arguments, "--clause", "fairness-images.doctors"])
    (row,) = json.loads(result.stdout)
    assert (result.exit_code, row["standing"], row["items"]) == (1, "missed", 200)


def with_status(policies: PolicySet, status: Status) -> PolicySet:
    administered = ((clause, clause.admin.model_copy(update={"status": status})) for clause in policies.clauses)
    return PolicySet(clauses=tuple(clause.model_copy(update={"admin": admin}) for clause, admin in administered))


def test_only_an_active_clause_with_a_target_can_be_asked_for() -> None:
    policies = doctors()
    with pytest.raises(InputError, match=r"no policy has the clause 'x\.y'"):
        targets_of(policies, "x.y")
    with pytest.raises(InputError, match="is 'draft'"):
        targets_of(with_status(policies, Status.DRAFT), "fairness-images.doctors")
    bare = PolicySet(clauses=tuple(row.model_copy(update={"data": ()}) for row in policies.clauses))
    with pytest.raises(InputError, match="has no data target"):
        targets_of(bare, "fairness-images.doctors")
    with pytest.raises(InputError, match="no active clause has a data target"):
        targets_of(bare)
