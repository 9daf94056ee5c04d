"""What is shown on a terminal and in a file, and how what others wrote is."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from colonnade.cli import display, main, working
from colonnade.cli.display import visible


def test_what_a_model_wrote_does_not_steer_the_terminal() -> None:
    assert visible("\x1b]0;owned\x07 \x9b31m\u202e") == r"\x1b]0;owned\x07 \x9b31m\u202e"
    assert visible("Zeile\n\tüber 1 €, 漢字") == "Zeile\n\tüber 1 €, 漢字"


class Glass(StringIO):
    """A terminal, as far as the display can tell."""

    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_cuts_the_title_and_never_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    glass = Glass()
    monkeypatch.setattr(display, "err", Console(file=glass, force_terminal=True, width=80, color_system=None))
    reporter = display.TerminalReporter()
    reporter.started("posttraining.sample", "Sample answers to unsafe and borderline prompts")
    assert reporter.bars is not None
    reporter.bars.refresh()
    unknown = glass.getvalue()
    reporter.progress(120, 1040)
    reporter.bars.refresh()
    reporter.stop()
    assert "0/1" not in unknown
    assert "0:00:00" in unknown
    assert "120/1040" in glass.getvalue()


def test_a_file_is_told_which_step_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    file = StringIO()
    monkeypatch.setattr(display, "err", Console(file=file, soft_wrap=True))
    display.TerminalReporter().started("pretraining.train", "Train on the exercises")
    assert file.getvalue() == "begun   pretraining.train       Train on the exercises\n"


def test_every_line_of_a_job_says_which_of_how_many_steps_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = StringIO()
    for name in ("out", "err"):
        monkeypatch.setattr(display, name, Console(file=file, soft_wrap=True))
    reporter = display.TerminalReporter(["policy.map", "pretraining.train", "gate.decide"])
    reporter.reused("policy.map", {})
    reporter.started("pretraining.train", "Train")
    reporter.finished("pretraining.train", 2.0, {})
    reporter.waiting("gate.decide", ["after policy.review"])
    assert file.getvalue().splitlines() == [
        "fresh   1/3  policy.map",
        "begun   2/3  pretraining.train       Train",
        "done    2/3  pretraining.train           2.0 s",
        "waiting 3/3  gate.decide             after policy.review",
    ]


def test_the_version_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["colonnade", "--version"])
    with pytest.raises(SystemExit) as left:
        main()
    assert (left.value.code, capsys.readouterr().out) == (0, f"colonnade {version('colonnade')}\n")


def test_the_command_line_can_be_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "colonnade", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"colonnade {version('colonnade')}\n"


def test_one_is_not_said_in_the_plural() -> None:
    assert [display.counted(number, "step") for number in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]


def test_who_presses_control_c_is_told_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(working, "open_workspace", interrupted)
    monkeypatch.setattr("sys.argv", ["colonnade", "check", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    assert "what was finished is kept" in capsys.readouterr().err
