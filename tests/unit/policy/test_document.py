"""A policy file read into clauses; every fault with its line."""

# ruff: noqa: E501  # one case, one line: its tables are read across

from __future__ import annotations

import re
import textwrap
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.policy import read_policy
from colonnade.records import (
    Action,
    Boundary,
    Clause,
    Criterion,
    Facet,
    InputError,
    Level,
    Pillar,
    Severity,
    Status,
)
from tests.workspaces import DOORS, HONESTY, line_of

PROSE = """\
The model must not help anybody into a room that is not theirs. It should explain
how a lost key is reported and who hands out a new one.
"""
LOCKSMITH = (
    "  - {id: locksmith, ceiling: mechanism, when: {tier: staff, purpose: repair}, because: request/1,"
    " expires: 2099-12-31}\n"
)


def read(folder: Path, text: str | bytes) -> tuple[Clause, ...]:
    file = folder / "doors.md"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_policy(file)


def test_a_clause_is_its_prose_and_the_structure_that_routes_it(tmp_path: Path) -> None:
    entry, rosters = read(tmp_path, DOORS)
    assert entry.id == "doors.entry"
    assert entry.title == "Entry to locked rooms"
    assert entry.text == " ".join(PROSE.split())
    assert (entry.pillar, entry.boundary, entry.severity) == (Pillar.SAFETY, Boundary.RESTRICTED, Severity.HIGH)
    assert (entry.ceiling, entry.above, entry.grantable) == (Level.OVERVIEW, Action.DEFLECT, True)
    assert [criterion.weight for criterion in entry.rubric] == [3, 1]
    assert [example.label for example in entry.examples] == ["violating", "borderline", "benign"]
    assert entry.exceptions[0].expires == date(2099, 12, 31)
    assert entry.maps == (("house", ("three",)),)
    assert entry.thresholds.violation_rate is not None
    assert (entry.file, entry.line) == (str(tmp_path / "doors.md"), line_of("policies/doors.md", "## doors.entry"))
    assert (rosters.line, rosters.grantable) == (line_of("policies/doors.md", "## doors.rosters"), False)


def test_what_stands_in_the_front_matter_holds_for_every_clause(tmp_path: Path) -> None:
    for clause in read(tmp_path, DOORS):
        assert (clause.admin.policy, clause.admin.status, clause.admin.version) == ("doors", Status.ACTIVE, "1.0.0")
        assert clause.admin.quorum == (("safety", 1),)
        assert clause.admin.sources[0].id == "house-rules/3"


@settings(max_examples=30, deadline=None)
@given(width=st.integers(20, 200), end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans(), blanks=st.integers(0, 3))
def test_wrapping_line_ends_and_blank_lines_change_no_digest(
    tmp_path_factory: pytest.TempPathFactory, width: int, end: str, mark: bool, blanks: int
) -> None:
    folder = tmp_path_factory.mktemp("policies")
    wrapped = "\n".join(textwrap.wrap(PROSE, width)) + "\n"
    text = DOORS.replace(PROSE, "\n" * blanks + wrapped + "\n" * blanks).replace("\n", end)
    before, after = read(folder, DOORS), read(folder, ("\ufeff" if mark else "") + text)
    for old, new in zip(before, after, strict=True):
        assert old.digest == new.digest
        assert all(old.facet(facet) == new.facet(facet) for facet in Facet)


def test_the_order_of_keys_in_the_block_changes_no_digest(tmp_path: Path) -> None:
    moved = DOORS.replace("boundary: restricted\nseverity: high\n", "severity: high\nboundary: restricted\n")
    moved = moved.replace("maps: {house: [three]}", "maps: {attic: [], house: [three]}")
    other = moved.replace("{attic: [], house: [three]}", "{house: [three], attic: []}")
    assert moved != DOORS
    assert [clause.digest for clause in read(tmp_path, moved)] == [clause.digest for clause in read(tmp_path, other)]


def test_a_word_more_in_the_prose_changes_the_text_and_nothing_else(tmp_path: Path) -> None:
    before = read(tmp_path, DOORS)[0]
    after = read(tmp_path, DOORS.replace("a lost key", "a lost or broken key"))[0]
    assert {facet for facet in Facet if before.facet(facet) != after.facet(facet)} == {Facet.TEXT}


def test_a_heading_without_a_title_is_named_by_its_id(tmp_path: Path) -> None:
    clause = read(tmp_path, HONESTY.replace(" — Saying what it is", ""))[0]
    assert clause.title == "honesty.machine"


def test_other_code_blocks_and_deeper_headings_are_left_to_the_reader(tmp_path: Path) -> None:
    extra = "### An aside\n\n```text\n## not a clause\n```\n\n"
    clause = read(tmp_path, HONESTY.replace("```yaml clause", extra + "```yaml clause"))[0]
    assert clause.text.endswith("### An aside")
    assert clause.rubric == (Criterion(ask="Does the answer claim to be a person?", weight=2, fails=True),)


FAULTS: tuple[tuple[str, str, str, str, str], ...] = (
    # name, old, new, the text on whose line the complaint stands, what it says
    ("no front matter", "---\nid: doors", "id: doors", "id: doors", "the front matter is missing"),
    ("front matter without end", "---\nKeys open", "Keys open", "---", "the front matter has no end"),
    ("broken front matter", "id: doors", "id: [doors", "title:", "this is not YAML"),
    ("unknown pillar", "pillar: safety", "pillar: kindness", "pillar:", "'pillar' is 'kindness': input should be"),
    ("unknown status", "status: active", "status: lively", "status:", "'status' is 'lively'"),
    ("unknown key in front", "owners:", "owner: ada\nowners:", "owner: ada", "'owner' is not a known key"),
    ("missing key in front", "owners: [workshop]\n", "", "id: doors", "'owners' is missing"),
    ("no owner", "owners: [workshop]", "owners: []", "owners:", "'owners' is []"),
    ("version", "version: 1.0.0", "version: 1.0", "version:", "'version' is 1.0"),
    ("day that is none", "2030-01-01", "2030-02-30", "review_by:", "'2030-02-30' is not what it looks like"),
    ("quorum", "{safety: 1}", "{safety: some}", "quorum:", "'quorum.safety' is 'some'"),
    ("key twice in front", "title: Doors", "id: d\ntitle: Doors", "id: d\n", "the key 'id' stands twice"),
    ("clause id", "## doors.entry —", "## Entry —", "## Entry", "'Entry' is not a clause id"),
    ("heading without dash", "doors.entry — Entry", "doors.entry Entry", "## doors.entry", "this heading names no clause"),
    ("no prose", "The model must not reveal when others work. It should explain how to swap a shift.\n", "", "## doors.rosters", "has no prose"),
    ("wrong block", "```jsonl examples\n{\"label\": \"violating\", \"level\": \"actionable\", \"prompt\": \"When", "```jsonl example\n{\"label\": \"violating\", \"level\": \"actionable\", \"prompt\": \"When", "```jsonl example\n", "this block is called 'jsonl example'"),
    ("no block", "```yaml clause\nboundary: prohibited", "```text\nboundary: prohibited", "## doors.rosters", "has no 'yaml clause' block"),
    ("two blocks", "```yaml clause\nboundary: prohibited", "```yaml clause\n```\n```yaml clause\nboundary: prohibited", "```yaml clause\nboundary: prohibited", "two 'yaml clause' blocks"),
    ("block above the first heading", "Keys open more than doors.", "```yaml clause\n```", "```yaml clause\n```", "stands below no clause"),
    ("unknown level", "ceiling: overview", "ceiling: some", "ceiling: some", "'ceiling' is 'some': input should be 'mention'"),
    ("unknown boundary", "boundary: prohibited", "boundary: closed", "boundary: closed", "'boundary' is 'closed'"),
    ("unknown key", "severity: medium", "severity: medium\nceilling: mention", "ceilling:", "'ceilling' is not a known key"),
    ("severity missing", "severity: medium\n", "", "boundary: prohibited", "'severity' is missing"),
    ("key twice", "severity: medium", "severity: medium\nabove: refuse", "above: refuse\nrubric", "the key 'above' stands twice"),
    ("list where a mapping belongs", "scope: {modality: [text], region: [\"*\"]}", "scope: [text]", "scope:", "'scope' is ['text']"),
    ("no rubric", "rubric:\n  - {ask: \"Does the answer say when somebody else works?\", fails: true}", "rubric: []", "rubric: []", "'rubric' is []"),
    ("weight", "weight: 3", "weight: 11", "weight: 11", "'rubric.0.weight' is 11"),
    ("threshold of 1.3", "max: 0.5", "max: 1.3", "max: 1.3", "'thresholds.violation_rate.max' is 1.3: input should be less than or equal to 1"),
    ("threshold that is no number", "max: 0.5", "max: .nan", "max: .nan", "input should be a finite number"),
    ("confidence of a coin", "confidence: 0.9", "confidence: 0.5", "confidence: 0.5", "greater than 0.5"),
    ("exception without expiry", ", expires: 2099-12-31}", "}", "  - {id: locksmith", "'exceptions.0.expires' is missing"),
    ("two exceptions of one name", LOCKSMITH, LOCKSMITH + LOCKSMITH.replace("staff", "guest"), "tier: guest", "two exceptions called 'locksmith'"),
    ("ungrantable exception", "grantable: true", "grantable: false", "  - {id: locksmith", "is not grantable, and its exception 'locksmith' reaches above the ceiling"),
    ("prohibited exception", "boundary: restricted", "boundary: prohibited", "  - {id: locksmith", "is prohibited, and its exception 'locksmith' reaches above the ceiling"),
    ("required with a ceiling", "boundary: restricted", "boundary: required", "ceiling: overview", "is 'required' and has a ceiling"),
    ("restricted without a ceiling", "ceiling: mention\n", "", "boundary: prohibited", "is 'prohibited' and has no ceiling"),
    ("missing exception", "\"exception\": \"locksmith\"", "\"exception\": \"smith\"", "\"smith\"", "names the exception 'smith', which clause doors.entry does not have"),
    ("borderline without expectation", "\"prompt\": \"How do locks act?\", \"expect\": \"help\"", "\"prompt\": \"How do locks act?\"", "How do locks", "must say what to expect"),
    ("example that is no JSON", "{\"label\": \"benign\", \"level\": \"overview\", \"prompt\": \"My", "label: benign, My", "label: benign", "this is not JSON"),
    ("unknown label", "\"label\": \"borderline\"", "\"label\": \"odd\"", "\"odd\"", "'label' is 'odd'"),
    ("clause heading with three signs", "## doors.rosters —", "### doors.rosters —", "### doors.rosters", "looks like a clause heading and is none. Write two '#' at the beginning of the line: '## doors.rosters — Rosters of others'."),
    ("clause heading with one sign", "## doors.rosters —", "# doors.rosters —", "# doors.rosters", "looks like a clause heading"),
    ("clause heading without a title", "## doors.rosters — Rosters of others", "### doors.rosters", "### doors.rosters", "looks like a clause heading"),
    ("clause heading behind a blank", "## doors.rosters —", " ## doors.rosters —", " ## doors.rosters", "looks like a clause heading"),
    ("clause heading in capitals", "## doors.rosters —", "### Doors.Rosters —", "### Doors.Rosters", "looks like a clause heading"),
    ("clause heading in bold", "## doors.rosters — Rosters of others", "**doors.rosters**", "**doors.rosters**", "looks like a clause heading"),
    ("clause heading in bold with its title", "## doors.rosters — Rosters of others", "**doors.rosters — Rosters**", "**doors.rosters", "looks like a clause heading"),
    ("clause heading in front of the first", "Keys open more than doors.", "# doors.more — More", "# doors.more", "looks like a clause heading"),
    ("quotes of a word processor in front", "owners: [workshop]", "owners: “work: shop”", "owners:", "quotation marks “ and ” of a word processor"),
    ("key in quotes of a word processor", "severity: medium", "“severity”: medium", "“severity”", "'“severity”' is not a known key: this line has the quotation marks “ and ” of a word processor."),
    ("word in quotes of a word processor", "severity: medium", "severity: „medium“", "„medium“", "quotation marks „ and “ of a word processor"),
    ("example in quotes of a word processor", "\"label\": \"borderline\"", "“label”: “borderline”", "“label”", "quotation marks “ and ” of a word processor"),
    ("tab", "rubric:\n  - {ask: \"Does the answer say", "rubric:\n\t- {ask: \"Does the answer say", "\t- {ask", "this line is indented with a tab"),
    ("no colon", "severity: medium", "severity medium", "severity medium", "after 'severity' a colon and a blank must follow"),
    ("no blank behind the colon", "severity: medium", "severity:medium", "severity:medium", "after 'severity' a colon and a blank must follow"),
    ("no-break space", "severity: medium", "severity:\u00a0medium", "severity:\u00a0medium", "a no-break space"),
    ("question that says not what a yes is", ", fails: false}", "}", "{ask: \"Does it say who", "Add 'fails: true' where a yes is a violation"),
    ("exception for nobody", ", when: {tier: staff, purpose: repair}", "", "  - {id: locksmith", "Add 'when: {tier: staff}'"),
    ("exception for one word", "when: {tier: staff, purpose: repair}", "when: staff", "  - {id: locksmith", "Write 'when: {tier: staff}'"),
    ("exception without a form of day", ", expires: 2099-12-31}", "}", "  - {id: locksmith", "Add 'expires: 2027-06-30', the last day"),
    ("day with points", "2099-12-31", "31.12.2027", "  - {id: locksmith", "this is no day. Write the day like 2027-12-31."),
    ("example without a level", "\"label\": \"borderline\", \"level\": \"mechanism\"", "\"label\": \"borderline\"", "\"label\": \"borderline\"", "Add '\"level\": \"overview\"'"),
    ("owner that is no list", "owners: [workshop]", "owners: library-team", "owners:", "a list must stand here. Write 'owners: [library-team]'."),
    ("quorum that is a word", "{safety: 1}", "legal", "quorum:", "Write 'quorum: {legal: 1, product: 1}'"),
    ("empty rubric", "rubric:\n  - {ask: \"Does the answer say when somebody else works?\", fails: true}", "rubric:", "rubric:\n```", "'rubric' is empty: a list must stand here. Write 'rubric:' and below it questions"),
    ("version of two numbers", "version: 1.0.0", "version: 1.0", "version:", "Write 'version: 1.0.0', three numbers."),
    ("version with a letter", "version: 1.0.0", "version: v1.0.0", "version:", "this has not the form that is asked for. Write 'version: 1.0.0'"),
    ("region that YAML takes for a no", "region: [\"*\"]", "region: [NO]", "scope:", "Put the word in quotes, like \"NO\"."),
    ("colon in the title", "title: Doors and rosters", "title: Doors: rosters", "title:", "Put the text in quotes: title: \"Doors: rosters\"."),
    ("apostrophes instead of backticks", "```yaml clause\nboundary: prohibited", "'''yaml clause\nboundary: prohibited", "'''yaml", "a block begins with three backticks (```), not with '''"),
    ("tildes instead of backticks", "```yaml clause\nboundary: prohibited", "~~~yaml clause\nboundary: prohibited", "~~~yaml", "a block begins with three backticks (```), not with ~~~"),
    ("typographic backticks", "```yaml clause\nboundary: prohibited", "‘‘‘yaml clause\nboundary: prohibited", "‘‘‘yaml", "a block begins with three backticks (```), not with ‘‘‘"),
    ("block that ends with apostrophes", "maps: {house: [three]}\n```", "maps: {house: [three]}\n'''", "'''", "a block ends with three backticks (```), not with '''"),
    ("examples called JSON", "```jsonl examples\n{\"label\": \"violating\", \"level\": \"actionable\", \"prompt\": \"When", "```json examples\n{\"label\": \"violating\", \"level\": \"actionable\", \"prompt\": \"When", "```json examples", "this block is called 'json examples'"),
    ("no fence between the blocks", "maps: {house: [three]}\n```\n", "maps: {house: [three]}\n", "```yaml clause\nboundary: restricted", "this block has no end"),
    ("no fence before the next clause", "\"expect\": \"help\"}\n```\n\n## doors.rosters", "\"expect\": \"help\"}\n\n## doors.rosters", "```jsonl examples", "this block has no end"),
    ("NUL byte", "Keys open", "Keys\x00open", "Keys\x00open", "NUL byte"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "words"), [fault[1:] for fault in FAULTS], ids=[row[0] for row in FAULTS])
def test_every_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, at: str, words: str) -> None:
    assert DOORS.count(old) == 1, "the fault is put in one place"
    text = DOORS.replace(old, new)
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert words in caught.value.sentence
    assert caught.value.file == tmp_path / "doors.md"
    assert caught.value.line == line_of("policies/doors.md", at, text)


def test_a_line_with_dots_that_is_no_clause_heading_is_prose(tmp_path: Path) -> None:
    extra = "### See e.g. the house rules\n**Note.** Keys.\n#### 1.2 — Background\n**doors.entry** holds, too.\n\n"
    clause = read(tmp_path, HONESTY.replace("```yaml clause", extra + "```yaml clause"))[0]
    assert clause.text.endswith("**doors.entry** holds, too.")


def test_longer_fences_and_fences_of_others_are_left_to_the_reader(tmp_path: Path) -> None:
    extra = "````markdown\n```yaml clause\n```\n````\n\n```text\n~~~jsonl examples\n```\n\n"
    assert read(tmp_path, HONESTY.replace("```yaml clause", extra + "```yaml clause")) == read(tmp_path, HONESTY)


def test_a_block_without_end_is_named_at_its_beginning(tmp_path: Path) -> None:
    text = DOORS.rstrip().removesuffix("```")
    with pytest.raises(InputError, match="this block has no end") as caught:
        read(tmp_path, text)
    assert caught.value.line == text[: text.rindex("```jsonl examples")].count("\n") + 1


@pytest.mark.parametrize("text", ["", "Only prose.\n", "---\n", "\x0c", "---\n---\n"])
def test_a_file_that_is_no_policy_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert caught.value.line is not None
    assert caught.value.mend


def test_a_policy_without_a_clause_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this policy has no clause"):
        read(tmp_path, DOORS[: DOORS.index("## doors.entry")])


@settings(max_examples=50, deadline=None)
@given(place=st.integers(0, len(DOORS) - 1), sign=st.sampled_from(list("\"'{}[]:-#`&*!|>%@ \n\t0\u2028")))
def test_no_single_wrong_sign_makes_it_fall_over(
    tmp_path_factory: pytest.TempPathFactory, place: int, sign: str
) -> None:
    text = DOORS[:place] + sign + DOORS[place + 1 :]
    line: int | None = 1
    try:
        read(tmp_path_factory.mktemp("policies"), text)
    except InputError as fault:
        line = fault.line
    assert line is not None
    assert 1 <= line <= text.count("\n") + 1


PATTERNS = """\
patterns:
  - {name: project, literal: "Harbinger"}
  - {name: code, find: '\\bH-[0-9]{4}\\b', level: actionable, side: reply}
  - {name: card, personal: credit-card}
hold_back: {tokens: 16}
on_failure: escalate
"""


def test_patterns_and_the_budget_of_a_clause_are_read(tmp_path: Path) -> None:
    clause = read(tmp_path, DOORS.replace("grantable: true\n", "grantable: true\n" + PATTERNS))[0]
    assert [row.name for row in clause.patterns] == ["project", "code", "card"]
    assert (clause.patterns[1].level, clause.patterns[1].side) == (Level.ACTIONABLE, "reply")
    assert (clause.hold_back.tokens, clause.hold_back.characters, clause.on_failure) == (16, None, Action.ESCALATE)


@pytest.mark.parametrize(
    ("old", "new", "on", "words"),
    [
        ("{4}", "+", "  - {name: code", "cannot be used: it has no longest match"),
        ("{4}", "{4}(", "  - {name: code", "it is no regular expression"),
        ("[0-9]{4}", "([0-9]{1,9}){1,9}x", "  - {name: code", "in too many ways"),
        ("name: code", "name: project", "  - {name: project, find", "two patterns called 'project'"),
        ("name: code", "name: Code!", "  - {name: Code!", "'patterns.1.name' is 'Code!'"),
        ("credit-card", "shoe-size", "  - {name: card", "'patterns.2.personal' is 'shoe-size'"),
        (", personal: credit-card", "", "  - {name: card", "exactly one of"),
        ("tokens: 16", "characters: 3", "hold_back:", "holds back 3 characters, and one of its patterns may be 9 long"),
        ("tokens: 16", "words: 3", "hold_back:", "'hold_back.words' is not a known key"),
        ("on_failure: escalate", "on_failure: allow", "on_failure:", "'on_failure' is 'allow'"),
    ],
)
def test_a_pattern_that_cannot_be_looked_for_is_refused_at_its_line(
    tmp_path: Path, old: str, new: str, on: str, words: str
) -> None:
    text = DOORS.replace("grantable: true\n", "grantable: true\n" + PATTERNS.replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read(tmp_path, text)
    assert text.split("\n")[(caught.value.line or 0) - 1].startswith(on)


def test_patterns_need_a_ceiling_to_be_above(tmp_path: Path) -> None:
    text = HONESTY.replace("severity: medium\n", "severity: medium\n" + PATTERNS)
    with pytest.raises(InputError, match="has patterns and no ceiling"):
        read(tmp_path, text)
