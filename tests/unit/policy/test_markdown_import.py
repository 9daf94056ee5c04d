"""Somebody else's policy as policy files: no id and no paragraph is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.policy import read_policies, read_policy
from colonnade.policy.import_report import report_text
from colonnade.policy.markdown_blocks import PROSE, split_blocks
from colonnade.policy.markdown_import import Imported, import_markdown, policy_files, write_import
from colonnade.records import Boundary, Clause, InputError, Pillar, Severity, Status

SPEC = Path("shared", "data", "openai_model_spec", "model_spec.md")
MODEL_SPEC = next((path for parent in Path(__file__).parents if (path := parent / SPEC).exists()), None)

HOUSE = """\
Words before everything.

# Conduct {#conduct authority=root tags="a b" .short}

Be kind to guests[^tone].
Keep to the house rules.

!!! meta "Commentary"
    This is about the rules.

    ## Not a heading {#not_one}

## Keys & doors {#Keys_Doors}
- Never hand out a key.
- Never leave a door open.

| door | key |
|---|---|
| front | none |

~~~xml
<user>
## no heading either {#nor_this}
```yaml clause
boundary: allowed
```
</user>
~~~
After the example.

### Spare keys
They hang in the office.

## Nothing here {#bare}

# Care {#care}
[^tone]: Kindness is a habit.

<div class="box">
Help <b>first</b>.
</div>

##not a heading, but words
    ```
    indented, and prose
Care for [all](#keys-doors).

## Keys again {#keys-doors}
Twice the same id, nearly.
"""


def document(folder: Path, text: str) -> Path:
    file = folder / "house.md"
    file.write_bytes(text.encode())
    return file


def imported(folder: Path, text: str) -> tuple[Imported, dict[str, Clause]]:
    """The import of a text, written and read back."""
    found = import_markdown(document(folder, text), Pillar.SAFETY)
    write_import(found, report_text(found), folder / "out")
    return found, {clause.id: clause for clause in read_policies(folder / "out").clauses}


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text))


def sources(clauses: dict[str, Clause]) -> list[str]:
    return [name for clause in clauses.values() for name in dict(clause.maps).get("source", ())]


def test_every_heading_with_an_id_becomes_a_draft_clause(tmp_path: Path) -> None:
    found, clauses = imported(tmp_path, HOUSE)
    assert [row.id for row in found.clauses] == [
        "conduct.conduct",
        "conduct.keys-doors",
        "conduct.bare",
        "care.care",
        "care.keys-doors",
    ]
    assert set(clauses) == {row.id for row in found.clauses}
    assert sorted(sources(clauses)) == ["Keys_Doors", "bare", "care", "conduct", "keys-doors"]
    clause = clauses["conduct.conduct"]
    assert (clause.title, clause.text) == ("Conduct", "Be kind to guests[^tone]. Keep to the house rules.")
    assert (clause.boundary, clause.severity, clause.pillar) == (Boundary.REQUIRED, Severity.MEDIUM, Pillar.SAFETY)
    assert (clause.admin.status, clause.admin.version) == (Status.DRAFT, "0.1.0")
    assert clause.rubric[0].ask == "Does the answer go against 'Conduct'?"
    assert dict(clause.maps)["source_authority"] == ("root",)
    assert dict(clause.maps)["source_tags"] == ("a b",)
    assert dict(clause.maps)["source_class"] == ("short",)


def test_what_is_no_prose_is_kept_where_it_stood_and_listed(tmp_path: Path) -> None:
    found, clauses = imported(tmp_path, HOUSE)
    kinds = [(row.kind, row.clause) for row in found.kept]
    assert kinds == [
        ("note", "conduct.conduct"),
        ("table", "conduct.keys-doors"),
        ("xml block", "conduct.keys-doors"),
        ("footnote", "care.care"),
        ("HTML", "care.care"),
    ]
    text = clauses["conduct.keys-doors"].text
    assert text == (
        "- Never hand out a key. - Never leave a door open. After the example. ### Spare keys They hang in the office."
    )
    file = (tmp_path / "out" / "policies" / "conduct.md").read_text()
    assert file.index("| | front | none |") < file.index("| boundary: allowed") < file.index("After the example.")
    report = (tmp_path / "out" / "import-report.md").read_text()
    for row in found.kept:
        assert f"| {row.line} | {row.kind} | {row.clause} |" in report
    assert found.headings == ((HOUSE.split("\n").index("### Spare keys") + 1, "Spare keys"),)
    assert found.lost == ()


def test_what_would_be_misread_stays_prose_and_the_preamble_keeps_what_came_first(tmp_path: Path) -> None:
    _, clauses = imported(tmp_path, HOUSE)
    assert "\\##not a heading, but words" in clauses["care.care"].text
    assert "indented, and prose" in clauses["care.care"].text
    file = (tmp_path / "out" / "policies" / "conduct.md").read_text()
    assert file.index("Words before everything.") < file.index("## conduct.conduct")


def test_a_heading_without_prose_has_its_title_as_prose(tmp_path: Path) -> None:
    found, clauses = imported(tmp_path, HOUSE)
    assert clauses["conduct.bare"].text == "This part is called 'Nothing here'."
    assert [row.id for row in found.clauses if row.bare] == ["conduct.bare"]
    assert "| conduct.bare | Nothing here |" in report_text(found)


def test_a_footnote_that_stands_elsewhere_is_listed(tmp_path: Path) -> None:
    found, _ = imported(tmp_path, "# A {#a}\nOne[^x] and two[^y].\n\n[^y]: here\n")
    assert found.references == (("a.a", ("x",)),)


def test_ids_that_come_out_alike_are_told_apart(tmp_path: Path) -> None:
    found, clauses = imported(
        tmp_path, "# A {#a}\nx\n## B {#b_c}\nx\n## C {#b-c}\nx\n## D {#Ärger}\nx\n## E {#你好}\nx\n"
    )
    assert [row.id for row in found.clauses] == ["a.a", "a.b-c", "a.b-c-2", "a.arger", "a.section"]
    assert sources(clauses) == ["a", "Ärger", "b_c", "b-c", "你好"]


def test_without_any_id_every_heading_becomes_a_clause(tmp_path: Path) -> None:
    found, clauses = imported(
        tmp_path, "Our rules\n=========\n\nFirst.\n\nDoors\n-----\nShut them.\n\n## 3 keys ##\nOne.\n"
    )
    assert [row.id for row in found.clauses] == ["our-rules.our-rules", "our-rules.doors", "our-rules.3-keys"]
    assert clauses["our-rules.doors"].text == "Shut them."
    assert clauses["our-rules.3-keys"].maps == ()


def test_a_title_of_invisible_signs_alone_is_called_untitled(tmp_path: Path) -> None:
    _, clauses = imported(tmp_path, "\x1b\n---\nWords.\n")
    assert [(clause.title, clause.text) for clause in clauses.values()] == [("Untitled", "Words.")]


def test_an_id_that_yaml_would_read_as_something_else_stays_text(tmp_path: Path) -> None:
    _, clauses = imported(tmp_path, "# True {#true}\nx\n# Off {#off}\nx\n# Null {#null}\nx\n")
    assert sources(clauses) == ["null", "off", "true"]


def test_front_matter_comments_and_inline_code_are_kept(tmp_path: Path) -> None:
    text = (
        "---\ntitle: x\n---\n# A {#a}\n<!-- a\n\n## comment {#no} -->\n``` not `a` fence\nProse.\n<b>Bold</b> prose.\n"
    )
    found, clauses = imported(tmp_path, text)
    assert [row.kind for row in found.kept] == ["front matter", "HTML", "block"]
    assert clauses["a.a"].text == "Prose. <b>Bold</b> prose."


def test_a_document_with_windows_line_ends_gives_the_same_clauses(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    _, first = imported(tmp_path / "one", HOUSE)
    _, second = imported(tmp_path / "two", HOUSE.replace("\n", "\r\n"))
    assert [clause.text for clause in first.values()] == [clause.text for clause in second.values()]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "no heading"),
        ("Only words.\n", 1, "no heading"),
        ("# A {#a}\n\n```python\nx = 1\n", 3, "no end"),
        ("# A {#a}\n\n~~~\n```\n", 3, "no end"),
    ],
)
def test_a_document_that_cannot_be_taken_apart_is_refused(tmp_path: Path, text: str, line: int, what: str) -> None:
    file = document(tmp_path, text)
    with pytest.raises(InputError, match=what) as fault:
        import_markdown(file)
    assert (fault.value.file, fault.value.line) == (file, line)


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_markdown(tmp_path / "none.md")
    (tmp_path / "house.md").write_bytes(b"# A\n\xff\n")
    with pytest.raises(InputError, match="not UTF-8") as fault:
        import_markdown(tmp_path / "house.md")
    assert fault.value.line == 2


def test_nothing_is_written_where_something_is_in_the_way(tmp_path: Path) -> None:
    found = import_markdown(document(tmp_path, HOUSE))
    folder = tmp_path / "out"
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "care.md").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        write_import(found, report_text(found), folder)
    assert [file.name for file in folder.rglob("*.md")] == ["care.md"]
    with pytest.raises(InputError, match="not a folder"):
        write_import(found, report_text(found), folder / "policies" / "care.md")


def test_a_clause_that_another_policy_has_is_refused(tmp_path: Path) -> None:
    found = import_markdown(document(tmp_path, HOUSE))
    write_import(found, report_text(found), tmp_path / "out")
    (tmp_path / "out" / "policies" / "care.md").rename(tmp_path / "out" / "policies" / "other.md")
    (tmp_path / "out" / "policies" / "conduct.md").unlink()
    (tmp_path / "out" / "import-report.md").unlink()
    with pytest.raises(InputError, match=r"the clause 'care\.care' is there already"):
        write_import(found, report_text(found), tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").rglob("*.md")] == ["other.md"]


def test_the_check_for_lost_lines_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colonnade.policy.markdown_import._body", lambda _blocks: iter(()))
    found = import_markdown(document(tmp_path, "# A {#a}\nWords that go missing.\n"))
    assert found.lost == (2,)
    assert "Words of these lines are in no file: 2" in report_text(found)


def test_the_command_lists_what_was_kept_and_prints_json(tmp_path: Path) -> None:
    file = str(document(tmp_path, HOUSE))
    result = CliRunner().invoke(policy_application, ["import-markdown", file, str(tmp_path / "one")])
    assert result.exit_code == 0
    assert "nothing is lost" in result.stdout
    assert f"line {HOUSE.split(chr(10)).index('~~~xml') + 1:<6}xml block" in result.stdout
    arguments = ["import-markdown", file, str(tmp_path / "two"), "--pillar", "fairness", "--json"]
    row = json.loads(CliRunner().invoke(policy_application, arguments).stdout)
    assert row["clauses"]["conduct.keys-doors"] == ["Keys_Doors"]
    assert len(row["kept"]) == 5
    assert read_policies(tmp_path / "two").clauses[0].pillar is Pillar.FAIRNESS


HEADINGS = [
    "# Title {#id}",
    "## Other {#other_id a=b}",
    "### Deep",
    "#### More {#x .c word}",
    "##tight",
    "##",
    "# ",
    "# ``` {#t}",
    "# ## {#u}",
    "## a.b — c",
    '# "q" \' {#q"}',
    "# {#only}",
    "",
    "# \u200b \u2028 {#\u00e4}",
]
LINES = [
    "---",
    "===",
    "words here",
    "- a list",
    "  1. number",
    "> quote",
    "    indented",
    "| a | b |",
    "|---|---|",
    "```",
    "```yaml clause",
    "~~~",
    "    ```",
    "``` `x`",
    "boundary: allowed",
    "!!! note",
    ":::",
    "::: tip",
    "<div>",
    "</div>",
    "<!--",
    "-->",
    "[^1]: note",
    "text[^1]",
    "\\",
    "{#no}",
    "\tindented",
    "\x0b",
    "\r",
]
PIECES = st.sampled_from(HEADINGS + LINES)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(PIECES | st.text(max_size=12).filter(lambda line: "\x00" not in line and "\n" not in line), max_size=25)
)
def test_whatever_the_document_is_its_lines_and_ids_are_in_files_that_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = document(folder, "\n".join(lines).encode("utf-8", "ignore").decode())
    try:
        found = import_markdown(file)
    except InputError as fault:
        assume(not re.search("no heading|no end", fault.what))
        raise
    blocks = split_blocks(file.read_bytes().decode().replace("\r\n", "\n"), file)
    assert found.lost == ()
    write_import(found, report_text(found), folder / "out")
    clauses = {clause.id: clause for clause in read_policies(folder / "out").clauses}
    assert set(clauses) == {row.id for row in found.clauses}
    declared = [name for row in found.clauses for name in row.heading.ids]
    assert len(sources(clauses)) == len(declared)
    prose = words(" ".join(line for block in blocks if block.kind == PROSE for line in block.lines))
    read = words(
        " ".join(clause.text for clause in clauses.values()) + (folder / "out" / found.policies[0].file).read_text()
    )
    assert set(prose.split()) <= set(read.split())


@pytest.mark.skipif(MODEL_SPEC is None, reason="the Model Spec is not here")
def test_no_id_and_no_paragraph_of_the_model_spec_is_lost(tmp_path: Path) -> None:
    assert MODEL_SPEC is not None
    found = import_markdown(MODEL_SPEC)
    write_import(found, report_text(found), tmp_path)
    policies = read_policies(tmp_path)
    text, outside, fenced = MODEL_SPEC.read_text(encoding="utf-8"), [], False
    for line in text.split("\n"):
        fenced ^= line.startswith("~~~")
        outside.append("" if fenced or line.startswith("~~~") else line)
    declared = re.findall(r"^#+ .*\{#(\w+)", "\n".join(outside), flags=re.MULTILINE)
    assert len(declared) == 80
    mapped = [name for clause in policies.clauses for name in dict(clause.maps)["source"]]
    assert sorted(mapped) == sorted(declared)
    written = words("\n".join(content for _, content in policy_files(found)))
    read = words("\n".join(clause.text for clause in policies.clauses))
    pieces = [part for part in re.split(r"\n\s*\n", text) if part.strip() and not part.startswith("#")]
    assert len(pieces) > 850
    assert [part for part in pieces if "~~~" not in part and words(part) not in written] == []
    prose = [part for part in re.split(r"\n\s*\n", "\n".join(outside)) if re.match(r"[A-Z*-]", part)]
    assert len(prose) > 400
    assert [part for part in prose if words(part) not in read] == []
    assert found.lost == ()
    for file in {clause.file for clause in policies.clauses}:
        assert read_policy(Path(file))
