"""What docs/gateway.md and docs/living-with-the-guard.md list is what the gateway has: no more and no less."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from colonnade.cli.application import application as commands
from colonnade.guard.gateway import ScriptedUpstream, Service, application
from colonnade.guard.protocol import ENDPOINTS
from colonnade.guard.protocol.endpoints import ROUTES
from colonnade.guard.protocol.errors import CODES, STATUSES
from colonnade.guard.protocol.openapi import document
from colonnade.guard.protocol.openapi.document import ERRORS
from colonnade.guard.protocol.requests import parameters
from colonnade.guard.telemetry.metrics import Known, Metrics
from tests.unit.guard.gateway.behind import Remembering

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "colonnade"
GATEWAY = (ROOT / "docs" / "gateway.md").read_text()
LIVING = (ROOT / "docs" / "living-with-the-guard.md").read_text()


def table(page: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column has this head."""
    lines = page.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def marked(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def written_codes() -> set[str]:
    """Every code that the source hands to an error: as a keyword, as an error's second or third word, or by default."""
    return {code for file in (SOURCE / "guard").rglob("*.py") for code in _codes(ast.parse(file.read_text()))}


def _codes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            place = {"UpstreamError": 1, "UpstreamFault": 2, "wrong": 2}.get(name)
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            given += node.args[place : place + 1] if place is not None else []
            yield from (code for value in given for code in _words(value))
        if isinstance(node, ast.FunctionDef):
            named = (*node.args.args[len(node.args.args) - len(node.args.defaults) :],)
            for argument, default in zip(named, node.args.defaults, strict=True):
                if argument.arg == "code":
                    yield from _words(default)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "code":
            yield from _words(node.value)


def _words(value: ast.expr) -> Iterator[str]:
    """The constants that a value may be; of one that is put together, those of the two headers that name something."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _words(value.body)
        yield from _words(value.orelse)
    elif isinstance(value, ast.JoinedStr):
        pattern = "".join(part.value if isinstance(part, ast.Constant) else r"(tier|purpose)" for part in value.values)  # type: ignore[misc]  # parts are text
        yield from (code for code in CODES if re.fullmatch(pattern, code))


def test_the_closed_list_of_codes_is_what_the_source_says() -> None:
    assert written_codes() == CODES


def test_the_page_lists_every_code_with_its_statuses_and_no_other() -> None:
    rows = table(GATEWAY, "code")
    listed = [name for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    assert len(listed) == len(set(listed))
    assert set(listed) == CODES
    assert {int(status) for row in rows for status in re.findall(r"\d{3}", row[1])} == STATUSES == set(ERRORS)


@pytest.mark.parametrize("page", [GATEWAY, LIVING])
def test_every_code_that_a_page_speaks_of_exists(page: str) -> None:
    spoken = set(re.findall(r"`(upstream_\w+|invalid_\w+|unknown_\w+|\w+_not_\w+)`", page))
    assert spoken <= CODES


def test_every_header_is_described_and_every_described_one_exists() -> None:
    def headers(text: str) -> set[str]:
        return {name.lower() for name in re.findall(r"x-colonnade-[a-z]+(?:-[a-z]+)*", text, flags=re.IGNORECASE)}

    used = {name for file in SOURCE.rglob("*.py") for name in headers(file.read_text())}
    assert used == headers("\n".join(cell for row in table(GATEWAY, "header") for cell in row))
    assert headers(LIVING) | headers(GATEWAY) <= used


def test_every_route_is_described_and_every_described_one_answers() -> None:
    service = Service(lambda: None, ScriptedUpstream(lambda *_: []), Remembering())  # type: ignore[arg-type, return-value]  # nothing is asked
    routes = application(service, ENDPOINTS, dict).routes
    served = {route.path.replace(":path", "") for route in routes}  # type: ignore[attr-defined]  # all are routes
    served |= {ROUTES["metrics"], ROUTES["feedback"]}
    cells = marked([row[0] for row in table(GATEWAY, "route")])
    listed = {path for cell in cells for path in re.findall(r"/\S+", cell)}
    assert listed == served == set(ROUTES.values()) == {*document("1", keyed=True)["paths"], "/openapi.json"}


def test_every_option_of_serve_is_described_and_every_described_one_is_taken() -> None:
    serve = typer.main.get_command(commands).commands["serve"]  # type: ignore[attr-defined]  # a group
    taken = {name for parameter in serve.params for name in parameter.opts if name.startswith("--")}
    listed = set(re.findall(r"--[a-z-]+", " ".join(row[0] for row in table(GATEWAY, "option"))))
    assert listed == taken


def named(first: str) -> list[str]:
    return [name for row in table(GATEWAY, first) for name in re.findall(r"`([a-z_]+)`", row[0])]


def test_every_parameter_is_listed_once_where_it_belongs_and_every_listed_one_exists() -> None:
    passed, behind = named("passed on"), named("left behind")
    refused = [name for name in named("refused") if name not in ("true", "false")]
    assert sorted(passed) == sorted([*parameters.NUMBERS, *parameters.FLAGS, "logit_bias", "stop_token_ids"])
    assert sorted(behind) == sorted(parameters.LEFT_BEHIND)
    assert sorted(refused) == sorted(parameters.REFUSED)


def test_the_page_has_the_bounds_of_every_number_and_the_values_that_ask_for_nothing() -> None:
    for names, said in table(GATEWAY, "passed on"):
        for name in re.findall(r"`([a-z_]+)`", names):
            if name in parameters.NUMBERS:
                low, high, whole = parameters.NUMBERS[name]
                assert said == f"{'whole, ' if whole else ''}{low} to {high}", name
    for names, _ in table(GATEWAY, "refused"):
        for one in re.split(r"(?<=`|0), ", names):
            harmless = [
                parameters.REFUSED[name].harmless for name in re.findall(r"`([a-z_]+)`", one.split(" unless")[0])
            ]
            words = {"`false`": (False,), "`true`": (True,), "0": (0,)}
            value = one.partition("unless ")[2]
            assert not value or harmless == [words[value]], one


def test_every_metric_that_a_page_speaks_of_is_one_of_the_table() -> None:
    made = {metric.name for metric in Metrics(lambda: Known(*[frozenset[str]()] * 4)).registry.collect()}
    listed = marked([row[0] for row in table(LIVING, "metric")])
    assert made <= {name.removesuffix("_total") for name in listed}
    for page in (GATEWAY, LIVING):
        assert set(re.findall(r"\bcolonnade_[a-z_]+", page)) <= listed
