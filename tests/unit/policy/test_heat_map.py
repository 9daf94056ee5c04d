"""The heat map: text, SVG and page say the same, to everybody."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from colonnade.policy.heat_map import heat_cells, heat_map_svg, heat_map_text, risk_page
from colonnade.policy.risk_map import RiskMap, map_risks
from colonnade.policy.workspace import map_harms
from colonnade.records import Harm, HarmCoverage, Launch, PolicySet, Risk, Severity, Taxonomy

TAXONOMY = Taxonomy(id="nist-ai-rmf", name="N", risks=(Risk(id="nist-data-privacy", name="Data <privacy>"),))


def _row(identifier: str, likelihood: str, severity: str, *covered: str, judged_by: str = "ada") -> HarmCoverage:
    harm = Harm.model_validate(
        {
            "id": identifier,
            "title": f"The harm <{identifier}>",
            "pillar": "safety",
            "likelihood": likelihood,
            "severity": severity,
            "judged_by": judged_by,
        }
    )
    return HarmCoverage(harm=harm, covered_by=covered)


ROWS = (
    _row("fire", "low", "critical", "doors.entry"),
    _row("flood", "low", "critical"),
    _row("noise", "high", "low", "doors.entry"),
    _row("ghost", "high", "high", judged_by="nobody"),
)


def test_every_judged_harm_is_in_one_cell_and_an_unjudged_one_in_none() -> None:
    cells = heat_cells(ROWS)
    assert len(cells) == 12
    assert [row.harm.id for row in cells["low", Severity.CRITICAL]] == ["fire", "flood"]
    assert sum(len(rows) for rows in cells.values()) == 3


def test_the_text_counts_harms_and_open_ones_and_names_what_nobody_judged() -> None:
    lines = heat_map_text(ROWS).split("\n")
    assert lines[0].split() == ["likelihood", "low", "medium", "high", "critical", "(severity)"]
    assert lines[1].split() == ["high", "1", ".", ".", "."]
    assert lines[3].split() == ["low", ".", ".", ".", "2", "(1", "open)"]
    assert lines[4] == "not judged by anybody, so in no cell: ghost"


def test_the_svg_is_well_formed_has_title_and_description_and_says_open_in_words() -> None:
    root = ElementTree.fromstring(heat_map_svg("heat", ROWS))
    space = "{http://www.w3.org/2000/svg}"
    title, description = root.find(f"{space}title"), root.find(f"{space}desc")
    assert title is not None
    assert description is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert "2 (1 open) of low likelihood and critical severity" in (description.text or "")
    texts = [element.text for element in root.iter(f"{space}text")]
    assert texts.count("1 open") == 1
    assert texts.count("2 harms") == 1
    assert len([one for one in root.iter(f"{space}rect") if "cell" in (one.get("class") or "")]) == 12


def test_a_heat_map_of_nothing_says_so() -> None:
    assert "No harm has been judged." in heat_map_svg("heat", ())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _page(**more: Any) -> str:
    launch = Launch.model_validate(
        {
            "name": "x",
            "title": "A <b> launch",
            "description": "-",
            "audience": "-",
            "regions": ["EU"],
            "languages": ["en"],
            **more,
        }
    )
    nothing = PolicySet(clauses=())
    return risk_page(launch, map_risks(launch, nothing, map_harms(launch, nothing), [TAXONOMY], ()))


def test_the_page_is_whole_without_script_or_foreign_file_and_escapes_what_people_wrote() -> None:
    harms = [row.harm for row in ROWS]
    text = _page(harms=harms)
    page = _Page()
    page.feed(text)
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert ("html", {"lang": "en"}) in page.seen
    assert tags.count("table") == tags.count("caption") == 2
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.seen if tag == "th")
    assert "The harm &lt;fire&gt;" in text
    assert "A &lt;b&gt; launch" in text
    assert "Data &lt;privacy&gt;" in text
    assert "Nobody judged these harms: ghost" in text


def test_a_page_without_harms_says_plainly_that_nobody_judged_anything() -> None:
    assert "Nobody has judged anything" in _page()


def test_a_page_without_taxonomies_says_that_there_is_nothing_to_hold_the_harms_against() -> None:
    launch = Launch.model_validate(
        {"name": "x", "title": "X", "description": "-", "audience": "-", "regions": ["EU"], "languages": ["en"]}
    )
    assert "No taxonomy was imported" in risk_page(launch, RiskMap((), (), (), 0))
