"""What a run of the pipeline tells while it works."""

from __future__ import annotations

from datetime import timedelta

import pytest

from colonnade.pipeline.running import titled
from tests.unit.store.runs import make_run


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "Train"),
        (9, "Train"),
        (12, "Train (12 s last time)"),
        (89, "Train (89 s last time)"),
        (600, "Train (10 min last time)"),
    ],
)
def test_a_step_that_takes_long_says_how_long_it_took_the_last_time(seconds: int, told: str) -> None:
    last = make_run()
    last = last.model_copy(update={"ended": last.started + timedelta(seconds=seconds)})
    assert titled("Train", last) == told
    assert titled("Train", None) == "Train"
