from __future__ import annotations

import asyncio
import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.detection import slices
from colonnade.guard.detection.patterns import PatternDetector
from colonnade.guard.detection.slices import Late, first_match
from colonnade.guard.running import Detectors, Findings
from colonnade.records import Pattern, PersonalData
from tests.unit.guard.small_policies import clause

LABORIOUS = r"[a-z]{1,20}[a-z]{1,20}[a-z]{0,2}1"
"""A policy may have it: no match is long, and there are some hundred ways to read a text from one place."""

MADE_FOR_IT = "a" * 100_000 + " 1"

FORMS = (r"ab{1,3}c", r"\b[a-c]{2}\b", r"(?<=a)b(?!c)", r"a.{0,4}c", r"c{1,3}?b{2}|aa(?=.{3}b)")


def detector(*patterns: Pattern) -> PatternDetector:
    return PatternDetector([clause(patterns=patterns, exceptions=())], "request")


@given(text=st.text("abc 1", max_size=60), size=st.integers(1, 9))
@pytest.mark.parametrize("form", [*FORMS, PersonalData.PHONE])
def test_slice_by_slice_the_same_is_found(form: str | PersonalData, text: str, size: int) -> None:
    more = {"personal": form} if isinstance(form, PersonalData) else {"find": form}
    found = detector(Pattern.model_validate({"name": "form", "side": "both", **more}))
    whole = found.detect(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(slices, "SLICE", size)
        assert found.detect(text) == whole


def test_whoever_is_late_is_told_so_and_looks_no_further() -> None:
    looked_for = re.compile(LABORIOUS)
    with pytest.raises(Late):
        first_match(looked_for, MADE_FOR_IT, 0, 44, perf_counter())
    assert first_match(looked_for, "ab1", 0, 44, perf_counter()) is not None, "a short text takes no time"


def test_a_text_that_was_made_to_take_long_holds_up_nobody_and_is_not_judged() -> None:
    laborious = detector(Pattern(name="form", find=LABORIOUS, side="both"))
    turns = 0

    async def looked() -> Findings:
        nonlocal turns
        finding = asyncio.ensure_future(Detectors((laborious,), lambda _: 0.3).find("request", [MADE_FOR_IT]))
        while not finding.done():
            await asyncio.sleep(0.01)
            turns += 1
        return await finding

    found = asyncio.run(looked())
    assert [run.outcome for run in found.runs] == ["timed out"]
    assert [silent.name for silent in found.silent] == ["patterns/request"]
    assert turns >= 3, "others had their turn meanwhile"
