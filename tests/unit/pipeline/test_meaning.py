"""The digest of what code means: it moves with what the machine does, and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from colonnade.pipeline.meaning import meaning
from colonnade.pipeline.steps import STEPS

PACKAGE: Mapping[str, str] = {
    "__init__.py": "",
    "entrance.py": '''
        """What a step calls."""

        import colonnade.far as far_away
        from colonnade import near
        from colonnade.house import Helper, deep
        from colonnade.records import Thing
        from colonnade.records.errors import complain
        from colonnade.store import keep

        LIMIT = 3
        LOW, HIGH = 1, 9
        NAMED: int = 5
        PLACES = {"registered": "colonnade.registered:Grown"}


        def start(count: int, other: "str" = "x") -> int:
            """Start."""
            from colonnade.late import lately

            total = deep(count) + LIMIT + LOW + NAMED  # a remark
            keep(total)
            complain(total)
            return Helper().work(total) + lately() + near.beside() + far_away.beyond() + len(PLACES) + Thing().size


        def unrelated() -> int:
            return 1
    ''',
    "house/__init__.py": """
        from colonnade.house.inner import deep
        from colonnade.house.helper import Helper
    """,
    "house/inner.py": """
        from .deepest import bottom


        def deep(count):
            return bottom(count) + 1
    """,
    "house/deepest.py": """
        DEPTH = 10


        def bottom(count):
            return count * DEPTH


        def never_called():
            return 0
    """,
    "house/helper.py": '''
        class Base:
            def settle(self):
                return 1


        class Helper(Base):
            """Helps."""

            def work(self, value):
                """Work."""
                return value + 2
    ''',
    "late.py": "def lately():\n    return 4\n",
    "near.py": "def beside():\n    return 5\n\n\ndef apart():\n    return 0\n",
    "far.py": "def beyond():\n    return 6\n",
    "registered.py": "class Grown:\n    size = 7\n",
    "records/__init__.py": "class Thing:\n    size = 1\n",
    "records/errors.py": "def complain(value):\n    return value\n",
    "store/__init__.py": "def keep(value):\n    return value\n",
}


def _write(root: Path, changes: Mapping[str, tuple[str, str]] | None = None) -> Path:
    for name, content in PACKAGE.items():
        text = dedent(content)
        if changes and name in changes:
            old, new = changes[name]
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
            text = text.replace(old, new)
        file = root / "colonnade" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def _meaning(root: Path, file: str | None = None, old: str = "", new: str = "") -> str:
    return meaning("colonnade.entrance:start", _write(root, {file: (old, new)} if file else None))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("entrance.py", "  # a remark", "  # another remark"),
        ("entrance.py", '"""Start."""', '"""Start, said otherwise."""'),
        ("entrance.py", '"""What a step calls."""', '"""What is called."""'),
        ("entrance.py", "    keep(total)", "\n\n    keep(total)"),
        ("entrance.py", "count: int,", "count: float,"),
        ("entrance.py", ') -> int:\n    """', ') -> float:\n    """'),
        ("entrance.py", "deep(count) + LIMIT", "(deep(count)) + LIMIT"),
        ("house/helper.py", '"""Helps."""', '"""Is of help."""'),
        ("house/helper.py", '        """Work."""\n', ""),
        ("house/inner.py", "def deep(count):", "def deep(count):  # down"),
    ],
)
def test_what_the_machine_does_not_read_changes_nothing(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert _meaning(tmp_path / "a") == _meaning(tmp_path / "b", file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("entrance.py", "keep(total)", "keep(total + 1)", id="the function itself"),
        pytest.param("entrance.py", '"x"', '"y"', id="a default"),
        pytest.param("entrance.py", "LIMIT = 3", "LIMIT = 4", id="a constant"),
        pytest.param("entrance.py", "LOW, HIGH = 1, 9", "LOW, HIGH = 2, 9", id="constants set together"),
        pytest.param("entrance.py", "NAMED: int = 5", "NAMED: int = 6", id="a constant with a type"),
        pytest.param("house/inner.py", "+ 1", "+ 2", id="a function behind the door of a package"),
        pytest.param("house/deepest.py", "count * DEPTH", "count - DEPTH", id="a function two calls down"),
        pytest.param("house/deepest.py", "DEPTH = 10", "DEPTH = 11", id="a constant two calls down"),
        pytest.param("house/helper.py", "value + 2", "value + 3", id="a method"),
        pytest.param("house/helper.py", "return 1", "return 2", id="a method of the class it is made from"),
        pytest.param("late.py", "4", "5", id="a function imported inside the function"),
        pytest.param("near.py", "return 5", "return 6", id="a function of an imported module"),
        pytest.param("far.py", "6", "7", id="a function of a module under another name"),
        pytest.param("registered.py", "7", "8", id="a class that only a string names"),
        pytest.param("records/__init__.py", "size = 1", "size = 2", id="a record"),
        pytest.param(
            "house/__init__.py",
            "from colonnade.house.inner import deep",
            "from colonnade.house.deepest import bottom as deep",
            id="a door that leads elsewhere",
        ),
    ],
)
def test_what_is_reached_changes_it(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert _meaning(tmp_path / "a") != _meaning(tmp_path / "b", file, old, new)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("entrance.py", "    return 1\n", "    return 2\n", id="a neighbour in the same module"),
        pytest.param("house/deepest.py", "return 0", "return 9", id="a neighbour further down"),
        pytest.param("near.py", "return 0", "return 9", id="a neighbour in an imported module"),
        pytest.param("store/__init__.py", "return value", "return None", id="the store"),
        pytest.param("records/errors.py", "return value", "return None", id="the wording of errors"),
    ],
)
def test_what_is_not_reached_and_what_only_moves_results_changes_nothing(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    assert _meaning(tmp_path / "a") == _meaning(tmp_path / "b", file, old, new)


def _modules(root: Path, **modules: str) -> Path:
    folder = root / "colonnade"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").touch()
    for name, content in modules.items():
        (folder / f"{name}.py").write_text(dedent(content), encoding="utf-8")
    return root


def test_references_in_a_circle_end_and_count(tmp_path: Path) -> None:
    there = "from colonnade.back import back\n\n\ndef there(n):\n    return back(n - 1) if n else 0\n"
    back = "from colonnade.there import there\n\n\ndef back(n):\n    return there(n - 1) if n else {}\n"
    first = meaning("colonnade.there:there", _modules(tmp_path / "a", there=there, back=back.format(1)))
    second = meaning("colonnade.there:there", _modules(tmp_path / "b", there=there, back=back.format(2)))
    assert first != second


def test_doors_that_lead_to_each_other_end(tmp_path: Path) -> None:
    root = _modules(
        tmp_path,
        one="from colonnade.two import lost\n\n\ndef go():\n    return lost\n",
        two="from colonnade.one import lost\n",
    )
    assert meaning("colonnade.one:go", root)


def test_a_class_that_only_a_type_hint_names_counts_since_its_methods_run(tmp_path: Path) -> None:
    entrance = """
        from colonnade.shape import Shape


        def area(shape: Shape):
            return shape.area()
    """
    shape = "class Shape:\n    def area(self):\n        return {}\n"
    first = meaning("colonnade.entrance:area", _modules(tmp_path / "a", entrance=entrance, shape=shape.format(1)))
    second = meaning("colonnade.entrance:area", _modules(tmp_path / "b", entrance=entrance, shape=shape.format(2)))
    assert first != second


def test_two_functions_that_say_the_same_under_different_names_differ(tmp_path: Path) -> None:
    root = _modules(tmp_path, pair="def one():\n    return 1\n\n\ndef two():\n    return 1\n")
    assert meaning("colonnade.pair:one", root) != meaning("colonnade.pair:two", root)


def test_every_step_has_code_that_can_be_found_without_importing_it(tmp_path: Path) -> None:
    nothing = meaning("colonnade.nowhere:nothing", _modules(tmp_path))
    found = [meaning(step.function) for step in STEPS]
    assert nothing not in found
    assert len(set(found)) == len(found)
