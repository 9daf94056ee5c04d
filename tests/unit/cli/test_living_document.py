"""What docs/living-with-the-guard.md shows and lists is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from prometheus_client.parser import text_string_to_metric_families

from colonnade.cli.application import application
from colonnade.guard.observing import TurnedAway
from colonnade.guard.telemetry.metrics import Known, Metrics
from colonnade.pipeline.gateway_service import OF_GRANTS
from tests.unit.guard.finished_rows import AT, finished, ruling

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "living-with-the-guard.md").read_text()
SHOWN = [line.strip() for line in DOCUMENT.splitlines() if line.startswith("    colonnade ")]


@pytest.mark.parametrize("line", SHOWN)
def test_every_command_is_taken_as_it_stands(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: object = typer.main.get_command(application)
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert hasattr(command, "make_context"), line
    command.make_context("colonnade", list(words))


def known() -> Known:
    everything = frozenset({"cyber.intrusion", "chat", "public", "words"})
    return Known(everything, everything, everything, everything)


def test_the_table_of_metrics_lists_every_metric_with_its_labels() -> None:
    counted = Metrics(known)
    counted.finished(finished(request=ruling(grant="g", rule="grant/g", level="recipe")))
    counted.turned_away(TurnedAway("ex-1", AT, "chat", "POST", 401, "missing_api_key", 0.2))
    page = counted.page()[0].decode()
    made = {}
    for family in text_string_to_metric_families(page):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if not family.name.endswith("_created"):
            made[name] = labels
    listed = {
        name: set(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(r"^\| `(colonnade_\w+)` \|([^|]*)\|", DOCUMENT, flags=re.MULTILINE)
    }
    assert made.items() <= listed.items()
    source = (ROOT / "src" / "colonnade" / "pipeline" / "gateway_service.py").read_text()
    watched = re.findall(r'\bwatch\(\s*"(\w+)"', source)
    assert listed.keys() - made.keys() == {
        f"colonnade_{name}" for name in (*watched, *(f"access_{name}" for name in OF_GRANTS))
    }
