"""Questions to the index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect

from colonnade.records import Clause, ColonnadeError, Digest, Facet, digest_of
from colonnade.store import Catalogue
from colonnade.store.catalogue import _Base
from tests.unit.records.samples import make_clause

from .runs import make_run

APPLE, PEAR, PLUM = digest_of("apple"), digest_of("pear"), digest_of("plum")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite'}")
    yield catalogue
    catalogue.close()


def test_an_empty_catalogue_knows_nothing(catalogue: Catalogue) -> None:
    assert catalogue.known() == frozenset()
    assert catalogue.runs() == ()
    assert catalogue.latest("policy.map") is None
    assert catalogue.with_key("policy.map", digest_of("one")) is None
    assert catalogue.maker(APPLE) is None
    assert catalogue.holders(APPLE) == ()
    assert catalogue.resolve("sha256:") == ()


def test_the_newest_run_with_a_key_is_found_by_its_place_in_the_ledger(catalogue: Catalogue) -> None:
    old, new, other = make_run(minute=9), make_run(minute=1), make_run(key="two", minute=5)
    for position, run in enumerate((old, new, other)):
        catalogue.add(run, position, {})
    assert catalogue.with_key("policy.map", old.key) == new
    assert catalogue.with_key("policy.map", other.key) == other
    assert catalogue.with_key("gate.decide", old.key) is None
    assert catalogue.latest("policy.map") == other
    assert catalogue.latest("gate.decide") is None
    assert catalogue.runs() == (old, new, other)
    assert catalogue.known() == {old.digest, new.digest, other.digest}


def test_a_run_that_is_added_twice_is_there_once(catalogue: Catalogue) -> None:
    run = make_run(outputs={"map": APPLE})
    catalogue.add(run, 0, {APPLE: (PEAR,)})
    catalogue.add(run, 7, {APPLE: (PEAR,)})
    assert catalogue.runs() == (run,)
    assert catalogue.holders(PEAR) == ((APPLE, 0),)


def test_the_maker_of_an_artefact_is_the_newest_run_that_put_it_out(catalogue: Catalogue) -> None:
    first = make_run(outputs={"map": APPLE})
    second = make_run(outputs={"risks": APPLE}, minute=1)
    reader = make_run("gate.decide", inputs={"policy.map/map": APPLE}, outputs={"decision": PEAR}, minute=2)
    for position, run in enumerate((first, second, reader)):
        catalogue.add(run, position, {})
    made = catalogue.maker(APPLE)
    assert made == (second, "risks")
    assert catalogue.maker(PEAR) == (reader, "decision")
    assert catalogue.maker(PLUM) is None


def test_the_holders_of_a_record_are_artefacts_with_its_place(catalogue: Catalogue) -> None:
    catalogue.add(make_run(outputs={"a": APPLE}), 0, {APPLE: (PLUM, PEAR, PLUM)})
    assert sorted(catalogue.holders(PLUM)) == [(APPLE, 0), (APPLE, 2)]
    assert catalogue.holders(PEAR) == ((APPLE, 1),)


def test_the_same_artefact_of_two_runs_is_indexed_once(catalogue: Catalogue) -> None:
    catalogue.add(make_run(outputs={"a": APPLE}), 0, {APPLE: (PEAR,)})
    catalogue.add(make_run(outputs={"a": APPLE}, minute=1), 1, {APPLE: (PEAR,)})
    assert catalogue.holders(PEAR) == ((APPLE, 0),)


def test_what_a_change_touches_read_exactly_this_state_of_the_facet(catalogue: Catalogue) -> None:
    clause = make_clause()
    changed = clause.model_copy(update={"text": "Other prose."})
    catalogue.add(make_run("old", outputs={"a": APPLE}, uses=clause.use(Facet.TEXT, Facet.RUBRIC)), 0, {})
    catalogue.add(make_run("new", outputs={"b": PEAR}, uses=changed.use(Facet.TEXT), minute=1), 1, {})

    def touched(by: Clause, facet: Facet) -> list[Digest]:
        return [row.artefact for row in catalogue.impact(by.id, {facet: by.facet(facet)})]

    assert touched(clause, Facet.TEXT) == [APPLE]
    assert touched(changed, Facet.TEXT) == [PEAR]
    assert touched(changed, Facet.RUBRIC) == [APPLE], "the rubric did not change"
    assert touched(clause, Facet.SCOPE) == []


def test_a_beginning_resolves_to_every_digest_that_starts_so(catalogue: Catalogue) -> None:
    run = make_run(outputs={"a": APPLE}, inputs={"b": PEAR})
    catalogue.add(run, 0, {APPLE: (PLUM,)})
    for digest in (run.digest, APPLE, PEAR, PLUM):
        assert catalogue.resolve(digest) == (digest,)
        assert digest in catalogue.resolve(digest[:20])
    assert catalogue.resolve("sha256:") == tuple(sorted((run.digest, APPLE, PEAR, PLUM)))
    assert catalogue.resolve("sha256:zz") == ()
    for wildcard in ("%", "_", "sha256:%", "sha256_"):
        assert catalogue.resolve(wildcard) == (), "signs of the query language are plain characters"


def test_the_migrations_make_what_the_models_describe(catalogue: Catalogue) -> None:
    found = inspect(catalogue.engine)
    for name, table in _Base.metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == set(table.columns.keys())
        assert {index["name"] for index in found.get_indexes(name)} == {index.name for index in table.indexes}
    assert set(found.get_table_names()) == {*_Base.metadata.tables, "alembic_version"}


def test_it_writes_ahead_so_that_readers_never_wait(catalogue: Catalogue) -> None:
    with catalogue.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_catalogue_of_a_newer_colonnade_is_left_alone(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'catalogue.sqlite'}"
    catalogue = Catalogue(address)
    with catalogue.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    catalogue.close()
    with pytest.raises(ColonnadeError, match="format 0999, newer than this Colonnade knows"):
        Catalogue(address)
