"""The heat map of a launch's harms, likelihood by severity: as text, as SVG, and as a whole page.

The page needs no script and no file from elsewhere. Nothing is told by colour alone: every cell
carries its numbers, open harms have a thick border and a word, and a table says it all again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from colonnade.policy.risk_map import LIKELIHOODS, RiskMap, judged, notes_on_judging
from colonnade.records import HarmCoverage, Launch, RiskStanding, RiskState, Severity

_SEVERITIES = tuple(Severity)
_LEFT, _TOP, _WIDTH, _HEIGHT = 140, 34, 150, 74
_STATE_WORDS = {
    RiskState.OPEN: "open",
    RiskState.UNJUDGED: "not yet judged",
    RiskState.PARTLY: "covered in part",
    RiskState.ACCEPTED: "accepted",
    RiskState.COVERED: "covered",
}

_STYLE = """
:root { --ground: #ffffff; --raised: #f4f5f7; --text: #1b1f24; --muted: #515a65; --line: #c9ced6; --alert: #a83f00;
  --heat-0: #eef2f6; --heat-1: #dbe5ef; --heat-2: #f6e6bf; --heat-3: #f3cda4; --heat-4: #efb3a0; --heat-5: #e79a92; }
@media screen and (prefers-color-scheme: dark) { :root { --ground: #14171b; --raised: #1e2329; --text: #e8ebef;
  --muted: #aab3be; --line: #424a54; --alert: #ffab70; --heat-0: #20262d; --heat-1: #26323f; --heat-2: #3d3620;
  --heat-3: #4a3320; --heat-4: #552b22; --heat-5: #5f2424; } }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
h1 { font-size: 1.9rem; margin: 0 0 .5rem; } h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; }
p { max-width: 46rem; } .note { border-left: 4px solid var(--alert); padding-left: .8rem; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 3px solid var(--alert); }
table { border-collapse: collapse; font-size: .875rem; }
caption { text-align: left; font-weight: 600; padding: .35rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--raised); } tbody th { font-weight: 500; }
.open { color: var(--alert); font-weight: 700; } small { color: var(--muted); }
figure { margin: 1rem 0; } svg { display: block; width: 100%; max-width: 46rem; height: auto; }
svg text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--text); }
svg .axis { fill: var(--muted); } svg .strong { font-weight: 700; } svg .cell { stroke: var(--line); }
svg .holds { fill: none; stroke: var(--text); stroke-width: 4; } svg .alarm { font-weight: 700; }
""" + "\n".join(f"svg .heat-{step} {{ fill: var(--heat-{step}); }}" for step in range(6))


def heat_cells(harms: Iterable[HarmCoverage]) -> dict[tuple[str, Severity], tuple[HarmCoverage, ...]]:
    """The harms that somebody judged, by likelihood and severity; every cell is there."""
    rows = [row for row in harms if judged(row.harm)]
    return {
        (likelihood, severity): tuple(
            row for row in rows if row.harm.likelihood == likelihood and row.harm.severity is severity
        )
        for likelihood in LIKELIHOODS
        for severity in _SEVERITIES
    }


def heat_map_text(harms: Sequence[HarmCoverage]) -> str:
    """The heat map for a terminal: how many harms in each cell, and how many of them are open."""
    cells = heat_cells(harms)
    lines = ["likelihood   " + "".join(f"{severity:<14}" for severity in _SEVERITIES) + "(severity)"]
    for likelihood in reversed(LIKELIHOODS):
        shown = [_count_text(cells[likelihood, severity]) for severity in _SEVERITIES]
        lines.append((f"{likelihood:<13}" + "".join(f"{text:<14}" for text in shown)).rstrip())
    if outside := [row.harm.id for row in harms if not judged(row.harm)]:
        lines.append(f"not judged by anybody, so in no cell: {', '.join(outside)}")
    return "\n".join(lines)


def _count_text(rows: Sequence[HarmCoverage]) -> str:
    count = sum(row.open for row in rows)
    return "." if not rows else f"{len(rows)} ({count} open)" if count else str(len(rows))


def heat_map_svg(key: str, harms: Sequence[HarmCoverage]) -> str:
    """The heat map as an SVG with a title and a description; ``key`` begins its element ids."""
    cells, name = heat_cells(harms), escape(key)
    width, height = _LEFT + _WIDTH * len(_SEVERITIES) + 10, _TOP + _HEIGHT * len(LIKELIHOODS) + 30
    parts = [
        f'<text class="axis" x="{_LEFT + _WIDTH * (column + 0.5):.0f}" y="{_TOP - 12}" text-anchor="middle">'
        f"{escape(severity)} severity</text>"
        for column, severity in enumerate(_SEVERITIES)
    ]
    for line, likelihood in enumerate(reversed(LIKELIHOODS)):
        y = _TOP + _HEIGHT * line
        parts.append(
            f'<text class="axis" x="{_LEFT - 12}" y="{y + _HEIGHT / 2 + 4:.0f}" text-anchor="end">'
            f"{escape(likelihood)} likelihood</text>"
        )
        for column, severity in enumerate(_SEVERITIES):
            heat = column + LIKELIHOODS.index(likelihood)
            parts.append(_cell(_LEFT + _WIDTH * column, y, heat, cells[likelihood, severity]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">Harms by likelihood and severity</title>'
        f'<desc id="{name}-description">{escape(_described(cells))}</desc>{"".join(parts)}</svg>'
    )


def _cell(x: int, y: int, heat: int, rows: Sequence[HarmCoverage]) -> str:
    middle, holding = x + _WIDTH / 2, sum(row.open for row in rows)
    names = ", ".join(row.harm.id for row in rows)
    parts = [f'<rect class="cell heat-{heat}" x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"/>']
    if rows:
        parts.append(f"<title>{escape(names)}</title>")
        noun = "harm" if len(rows) == 1 else "harms"
        parts.append(
            f'<text class="strong" x="{middle:.0f}" y="{y + 32}" text-anchor="middle">{len(rows)} {noun}</text>'
        )
    if holding:
        parts.append(f'<rect class="holds" x="{x + 4}" y="{y + 4}" width="{_WIDTH - 8}" height="{_HEIGHT - 8}"/>')
        parts.append(f'<text class="alarm" x="{middle:.0f}" y="{y + 54}" text-anchor="middle">{holding} open</text>')
    return f"<g>{''.join(parts)}</g>"


def _described(cells: dict[tuple[str, Severity], tuple[HarmCoverage, ...]]) -> str:
    said = [
        f"{_count_text(rows)} of {likelihood} likelihood and {severity} severity"
        for (likelihood, severity), rows in cells.items()
        if rows
    ]
    return "; ".join(said) + "." if said else "No harm has been judged."


# --- the page ----------------------------------------------------------------------------------


def risk_page(launch: Launch, risk_map: RiskMap) -> str:
    """The risk map as a whole HTML page: heat map, harms, and every considered risk."""
    title = f"Risk map of {launch.title}"
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in notes_on_judging(risk_map))
    counts = ", ".join(f"{count} {_STATE_WORDS[state]}" for state, count in risk_map.counts().items())
    verdict = (
        f'<p class="open">Open, and so holding the release: {escape(", ".join(risk_map.open_harms))}.</p>'
        if risk_map.open_harms
        else "<p>No harm of the launch is open.</p>"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
        f"<body><main><h1>{escape(title)}</h1>{verdict}{notes}\n"
        f"<h2>Heat map</h2><figure>{heat_map_svg('heat', risk_map.harms)}</figure>\n{_harm_table(risk_map.harms)}\n"
        f"<h2>Risks to consider</h2><p>{len(risk_map.rows)} risks: {escape(counts)}. Keyword rules chose them from "
        f"the launch's modalities, audience, regions, languages and uses; {risk_map.unconsidered} further risks of "
        f"the imported taxonomies were named by no rule, harm or clause.</p>\n{_risk_table(risk_map.rows)}"
        "</main></body></html>\n"
    )


def _table(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already; the first cell of a row is its heading."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(label)}"><table><caption>{escape(label)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _harm_table(harms: Sequence[HarmCoverage]) -> str:
    if not harms:
        return "<p>The launch names no harm.</p>"
    heads = ("Harm", "Pillar", "Likelihood", "Severity", "Judged by", "Answer")
    return _table("Harms of the launch", heads, (_harm_row(row) for row in harms))


def _harm_row(row: HarmCoverage) -> tuple[str, ...]:
    harm = row.harm
    by = escape(harm.judged_by) if judged(harm) else "nobody"
    if row.covered_by:
        answer = f"covered by {escape(', '.join(row.covered_by))}"
    elif row.accepted_by:
        answer = escape(
            f"accepted by {row.accepted_by}" + (f" until {row.accepted_until}" if row.accepted_until else "")
        )
    else:
        answer = '<span class="open">open</span>'
    name = f"{escape(harm.title)}<br><small>{escape(harm.id)}</small>"
    return name, escape(harm.pillar), escape(harm.likelihood), escape(harm.severity), by, answer


def _risk_table(rows: Sequence[RiskStanding]) -> str:
    if not rows:
        return "<p>No taxonomy was imported, so there is nothing to hold the harms against.</p>"
    heads = (
        "Risk",
        "Taxonomy",
        "Pillar",
        "State",
        "Likelihood, severity, judged by",
        "Answered by",
        "Considered because of",
    )
    return _table("Risks of public taxonomies", heads, (_risk_row(row) for row in rows))


def _risk_row(row: RiskStanding) -> tuple[str, ...]:
    state = _STATE_WORDS[row.state]
    grade = f"{row.likelihood}, {row.severity}, {row.judged_by}" if row.likelihood else "nobody judged"
    through = "".join(f"<br><small>{escape(step)}</small>" for step in row.through)
    return (
        f"{escape(row.name)}<br><small>{escape(row.risk)}</small>",
        escape(row.taxonomy),
        escape(row.pillar or "none given"),
        f'<span class="open">{state}</span>' if row.state is RiskState.OPEN else state,
        escape(grade),
        escape(answers(row)) + through,
        escape(", ".join(row.rules) or "a harm or a clause names it"),
    )


def answers(row: RiskStanding) -> str:
    """What answers a risk, in a few words; empty where nothing does."""
    parts = [", ".join(row.covered_by)] if row.covered_by else []
    parts += [f"in part {', '.join(row.partly_by)}"] if row.partly_by else []
    parts += [f"harm {', '.join(row.harms)}"] if row.harms else []
    if row.accepted_by:
        until = f" until {row.accepted_until}" if row.accepted_until else ""
        parts.append(f"accepted by {row.accepted_by}{until}")
    return "; ".join(parts)
