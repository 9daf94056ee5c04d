"""The rules of the house, held against the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from colonnade import evaluation, frontier, gate, guard, policy, records
from colonnade.grading import GRADERS
from colonnade.models import ADAPTERS
from colonnade.pipeline import STEPS
from colonnade.pipeline.steps import GATE_SPLIT, TRAINING_STAGES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "colonnade"
FILES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__")

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
HEAVY = ("torch", "transformers", "trl", "peft", "daft", "sklearn")
LIGHT = ("records", "store", "statistics", "policy", "gate", "guard", "audit", "pipeline", "pipeline.planning", "cli")
NOT_TO_BE_ASKED = (
    *HEAVY,
    "numpy",
    "scipy",
    "sqlalchemy",
    "jinja2",
    "starlette",
    "colonnade.pipeline",
    "colonnade.store",
)
LIGHT_PROBE = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
    loaded = [heavy for heavy in sys.argv[1].split(",") if heavy in sys.modules]
    if loaded:
        sys.exit(f"importing {name} loads {', '.join(loaded)}")
"""


def _name(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _defined(module: str) -> set[str]:
    """The top-level names of one of our modules, read and not imported."""
    file = (ROOT / "src").joinpath(*module.split(".")).with_suffix(".py")
    assert file.is_file(), f"there is no module {module}"
    names: set[str] = set()
    for node in _tree(file).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


# --- imports -------------------------------------------------------------------------------------


def test_imports_point_down_and_stages_never_see_each_other() -> None:
    # In a process of its own: the linter's configuration of logging silences every logger that there is.
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(sys.argv[1], no_cache=True))"
    command = [sys.executable, "-c", script, str(ROOT / "pyproject.toml")]
    linted = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, cwd=ROOT)
    assert linted.returncode == 0, linted.stdout


def test_what_plans_decides_guards_and_audits_starts_without_torch() -> None:
    names = [f"colonnade.{room}" for room in LIGHT]
    command = [sys.executable, "-c", LIGHT_PROBE, ",".join(HEAVY), *names]
    probe = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert probe.returncode == 0, probe.stderr


def test_planning_a_workspace_loads_no_torch(tmp_path: Path) -> None:
    from tests.workspaces import write_workspace

    script = (
        "import sys; from pathlib import Path; from colonnade.pipeline import check_workspace, open_workspace, plan;"
        "from colonnade.store import Store; opened = open_workspace(Path(sys.argv[1])); check_workspace(opened);"
        "store = Store(Path(sys.argv[1])); rows = plan(opened, store); store.close();"
        "assert rows[0].state == 'stale' and rows[0].reasons == ('never done',), rows[0];"
        f"sys.exit(', '.join(set({HEAVY!r}) & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", script, str(write_workspace(tmp_path))]
    probe = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (probe.returncode, probe.stderr.strip()) == (0, "")


@pytest.mark.parametrize("asked", ["--version", "--help", "vrify"])
def test_to_say_the_version_or_list_the_commands_imports_none_of_them(asked: str) -> None:
    script = (
        "import sys; sys.argv = ['colonnade', sys.argv[1]]\nfrom colonnade.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.exit(', '.join(set({NOT_TO_BE_ASKED!r}) & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", script, asked]
    probe = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert probe.returncode == 0, probe.stderr
    assert "colonnade" in probe.stdout or "verify" in probe.stderr, "it did what it was asked"


def test_to_plan_does_not_import_what_looks_for_roots_and_minima() -> None:
    script = "import sys, colonnade.cli.working; sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=120, check=False).returncode == 0


@pytest.mark.parametrize("room", ["guard", "policy", "gate", "audit", "records", "store", "statistics"])
def test_light_rooms_name_no_heavy_package_not_even_inside_a_function(room: str) -> None:
    for file in (SOURCE / room).rglob("*.py"):
        for node in ast.walk(_tree(file)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & set(HEAVY), f"{_name(file)}, line {node.lineno}"


# --- size and names ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_no_file_and_no_function_is_too_long(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MOST_LINES_OF_A_FUNCTION, f"{node.name} has {lines} lines"


def test_no_room_and_no_file_has_a_name_that_says_nothing() -> None:
    named = {path.stem for path in SOURCE.rglob("*")}
    assert not named & {"utils", "util", "common", "core", "helpers", "helper", "misc", "shared"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_door_that_says_what_it_is(room: str) -> None:
    door = _tree(SOURCE / room / "__init__.py")
    assert ast.get_docstring(door)


@pytest.mark.parametrize("room", [evaluation, frontier, gate, guard, policy, records], ids=lambda room: room.__name__)
def test_everything_that_a_door_promises_is_there(room: object) -> None:
    promised = room.__all__  # type: ignore[attr-defined]
    assert len(promised) == len(set(promised))
    assert [name for name in promised if not hasattr(room, name)] == []


# --- the steps -----------------------------------------------------------------------------------


def test_every_step_has_a_name_of_its_own_in_a_room_of_its_own() -> None:
    names = [step.name for step in STEPS]
    assert len(names) == len(set(names))
    assert {name.partition(".")[0] for name in names} <= {*ROOMS, "intake"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_function_of_every_step_exists(step: object) -> None:
    module, _, function = step.function.partition(":")  # type: ignore[attr-defined]
    assert function in _defined(module)


def test_a_step_reads_only_what_an_earlier_step_makes() -> None:
    earlier: set[str] = set()
    for step in STEPS:
        for name in step.inputs:
            maker, _, output = name.partition("/")
            assert maker in earlier, f"{step.name} reads {name}, and {maker} comes later or never"
            assert output
        earlier.add(step.name)


def _outputs(step_function: str) -> tuple[set[str], bool]:
    """Names that stand as literal keys in a step's Result, and whether it has others that do not."""
    module, _, function = step_function.partition(":")
    file = (ROOT / "src").joinpath(*module.split(".")).with_suffix(".py")
    node = next(node for node in _tree(file).body if isinstance(node, ast.FunctionDef) and node.name == function)
    names, others = set(), False
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Result":
            for keyword in call.keywords:
                if keyword.arg == "notes":
                    continue
                if isinstance(keyword.value, ast.Dict):
                    names |= {key.value for key in keyword.value.keys if isinstance(key, ast.Constant)}
                else:
                    others = True
        elif isinstance(call, ast.Return) and isinstance(call.value, ast.Call) and "Result" not in ast.dump(call.value):
            others = True
    return names, others


def test_every_declared_input_is_made_under_this_name() -> None:
    made = {step.name: _outputs(step.function) for step in STEPS}
    assert sum(not others for _, others in made.values()) >= len(STEPS) / 2, "most steps name what they make"
    for step in STEPS:
        for name in step.inputs:
            maker, _, output = name.partition("/")
            names, others = made[maker]
            assert output in names or others, f"{step.name} reads {name}, which {maker} does not make"


def test_no_training_step_may_read_the_gate_split() -> None:
    training = [step for step in STEPS if step.name.partition(".")[0] in TRAINING_STAGES]
    assert training, "the stages that train are steps"
    for step in training:
        assert GATE_SPLIT not in step.inputs, step.name
        assert not any(fnmatch("prompts/gate.jsonl", pattern) for pattern in step.files), step.name
        assert not any(name.startswith(("evaluation.", "frontier.", "gate.")) for name in step.inputs), step.name


def _ancestors(name: str) -> Iterator[str]:
    step = next(step for step in STEPS if step.name == name)
    for source in step.inputs:
        maker = source.partition("/")[0]
        yield source
        yield from _ancestors(maker)


def test_nothing_that_training_builds_on_has_seen_the_gate_split() -> None:
    for step in STEPS:
        if step.name.partition(".")[0] in TRAINING_STAGES:
            assert GATE_SPLIT not in set(_ancestors(step.name)), step.name


def test_every_pattern_of_files_lies_in_the_workspace() -> None:
    for step in STEPS:
        for pattern in step.files:
            assert not pattern.startswith(("/", "~")), step.name
            assert ".." not in pattern.split("/"), step.name


# --- adapters ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [*ADAPTERS.values(), *GRADERS.values()])
def test_every_registered_adapter_and_grader_is_where_it_is_said_to_be(place: str) -> None:
    module, _, name = place.partition(":")
    assert name in _defined(module)


@pytest.mark.parametrize("mapping", [ADAPTERS, GRADERS])
def test_what_is_registered_cannot_be_changed(mapping: object) -> None:
    with pytest.raises(TypeError):
        mapping["other"] = "colonnade.other:Other"  # type: ignore[index]
