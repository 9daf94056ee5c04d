"""The page for people."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise

from colonnade.records import Example, Level, Status
from tests.unit.policy.forms.clauses import ENTRY, altered, rendered

VOID = {"meta", "br", "link"}


class Outline(HTMLParser):
    """What a page consists of, and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def test_the_page_needs_nothing_besides_itself() -> None:
    page = rendered("page", ENTRY)
    outline = Outline(page)
    assert not outline.all("script", "link", "img", "iframe", "object")
    assert not [row for _, row in outline.tags if "src" in row]
    assert all((row["href"] or "").startswith("#") for row in outline.all("a"))
    assert "url(" not in page
    assert "@import" not in page


def test_the_page_can_be_read_without_seeing_it() -> None:
    outline = Outline(rendered("page", ENTRY, altered(id="doors.keys")))
    assert outline.all("html") == [{"lang": "en"}]
    headings = [int(tag[1]) for tag, _ in outline.tags if tag in ("h1", "h2", "h3")]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    assert all(row.get("scope") in ("col", "row") for row in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table")) > 0
    identifiers = [row["id"] for _, row in outline.tags if "id" in row]
    assert len(identifiers) == len(set(identifiers))
    targets = {(row["href"] or "")[1:] for row in outline.all("a")}
    assert targets <= set(identifiers)


def test_whatever_people_wrote_is_escaped() -> None:
    hostile = '<script>alert("1")</script>'
    page = rendered("page", altered(text=hostile, title=hostile, examples=(_example(hostile),)))
    assert not Outline(page).all("script")
    assert page.count("&lt;script&gt;") >= 3


def test_the_page_says_who_may_get_what_and_which_exceptions_expired() -> None:
    page = rendered("page", ENTRY)
    assert "<td>yes, up to and including 2027-06-30 (locksmith)</td>" in page
    assert "<td>no: the request is turned towards what the model can help with</td>" in page
    assert "<td>2026-01-31</td><td>expired</td>" in page
    assert "<td>2027-06-30</td><td>in force</td>" in page
    assert "This takes at least 2,995 scored answers" in page
    assert "house-rules/3" in page
    assert "workshop" in page


def test_the_page_has_a_digest_for_every_facet() -> None:
    page = rendered("page", ENTRY)
    assert all(ENTRY.facet(facet) in page for facet in ENTRY.facets)


def test_a_clause_that_does_not_bind_is_marked() -> None:
    draft = altered(admin=ENTRY.admin.model_copy(update={"status": Status.IN_REVIEW}))
    assert "This clause does not bind: its policy is in review." in rendered("page", draft)
    assert "does not bind" not in rendered("page", ENTRY)


def _example(prompt: str) -> Example:
    return Example(label="violating", level=Level.RECIPE, prompt=prompt)
