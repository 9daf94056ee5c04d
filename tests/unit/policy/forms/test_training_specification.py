"""The specification for those who train."""

from __future__ import annotations

from colonnade.records import Status
from colonnade.records.data_target import DataCell, DataTarget
from tests.unit.policy.forms.clauses import ENTRY, altered, rendered


def test_the_specification_counts_exercises_examples_and_languages() -> None:
    text = rendered("training-specification", ENTRY)
    assert "| comply | for each level, whether everybody may get it, and who may get more |" in text
    assert "| judge | for each example, whether giving what is asked breaks the rule | examples | 3 |" in text
    assert "| benign | help | de | 1 |" in text
    assert "Languages: de, en." in text
    assert f"> {ENTRY.text}" in text


def test_a_data_target_is_said_with_its_cells_and_reasons() -> None:
    target = DataTarget(
        id="photos",
        subject={"kind": "photo"},
        cells=(DataCell(where={"role": "doctor"}, share=0.4, minimum=1200),),
        largest_source=0.5,
        licences=("CC-BY-4.0",),
        consent=True,
        languages=("en", "de"),
        duplicates=0.02,
        undeclared=0.1,
        tolerance=0.05,
        because="the board | asked",
    )
    text = rendered("training-specification", altered(data=(target,)))
    for sentence in (
        "Target `photos`: the board | asked",
        "- About kind = photo.",
        "- A share may lie 5 points under what is asked.",
        "- At most 10 % of the items declare nothing for an attribute of a cell.",
        "- No source has more than 50 % of the items.",
        "- At most 2 % of a source's items are near duplicates.",
        "- Licences that count: CC-BY-4.0.",
        "- Every item states a consent.",
        "- Languages that must be there: en, de.",
        "| role = doctor | 40 % of all items and 1,200 items |",
    ):
        assert sentence in text


def test_a_pipe_in_a_cell_does_not_break_the_table() -> None:
    target = DataTarget(id="t", cells=(DataCell(where={"a": "b|c"}, minimum=1),), because="asked")
    assert "| a = b\\|c | 1 items |" in rendered("training-specification", altered(data=(target,)))


def test_a_clause_that_does_not_bind_says_that_nothing_is_trained_from_it() -> None:
    draft = altered(admin=ENTRY.admin.model_copy(update={"status": Status.DRAFT}))
    assert "nothing is trained from it" in rendered("training-specification", draft)
    assert "nothing is trained from it" not in rendered("training-specification", ENTRY)
