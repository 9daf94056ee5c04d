"""What the steps of pretraining say of themselves."""

from __future__ import annotations

from colonnade.pipeline.stages.pretraining import loss_in_words
from colonnade.records import TrainingPoint


def test_the_loss_of_other_texts_is_not_told_as_a_course() -> None:
    curve = [TrainingPoint(step=step, metric="loss", value=value) for step, value in enumerate((3.5, 3.0, 4.6), 1)]
    told = loss_in_words(curve)
    assert told.startswith("3.70 on average over 3 steps, 3.00 to 4.60 as each has other texts")
    assert "pretraining.probe" in told
    assert loss_in_words(curve[:1]).startswith("3.50 on average over 1 step, ")
