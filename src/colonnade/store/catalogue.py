"""The index over runs, artefacts, their members and the facets they read.

Nothing here is the only copy: runs and artefacts lie in the heap and the ledger names them, so a
lost or stale catalogue is filled again from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, Integer, String, Text, create_engine, event, inspect, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from colonnade.records import ColonnadeError, Digest, Run, Use

HEAD = "0001"
"""The newest migration; a catalogue that is older is upgraded with Alembic."""


class _Base(DeclarativeBase):
    pass


class RunRow(_Base):
    """One finished step."""

    __tablename__ = "run"
    digest: Mapped[str] = mapped_column(String(80), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, index=True)
    step: Mapped[str] = mapped_column(String(80), index=True)
    key: Mapped[str] = mapped_column(String(80), index=True)
    record: Mapped[str] = mapped_column(Text)


class LinkRow(_Base):
    """An artefact that a run read or made, under the name it had there."""

    __tablename__ = "link"
    run: Mapped[str] = mapped_column(ForeignKey("run.digest"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(3), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    artefact: Mapped[str] = mapped_column(String(80), index=True)


class UseRow(_Base):
    """A facet of a clause that a run read."""

    __tablename__ = "use"
    run: Mapped[str] = mapped_column(ForeignKey("run.digest"), primary_key=True)
    clause: Mapped[str] = mapped_column(String(120), primary_key=True)
    facet: Mapped[str] = mapped_column(String(20), primary_key=True)
    facet_digest: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("use_by_clause", "clause", "facet"),)


class MemberRow(_Base):
    """A record inside an artefact that holds many."""

    __tablename__ = "member"
    artefact: Mapped[str] = mapped_column(String(80), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[str] = mapped_column(String(80), index=True)


class Made(NamedTuple):
    """Which run made an artefact, and under which name."""

    run: Run
    name: str


class Catalogue:
    """Questions to the index, by default an SQLite file in WAL mode."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _use_wal)
        _upgrade(self.engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def add(self, run: Run, position: int, members: dict[Digest, tuple[Digest, ...]]) -> None:
        """Index one run; a second time changes nothing."""
        digest = run.digest
        with Session(self.engine) as session, session.begin():
            if session.get(RunRow, digest) is not None:
                return
            session.add(
                RunRow(digest=digest, position=position, step=run.step, key=run.key, record=run.model_dump_json())
            )
            session.flush()
            for direction, pairs in (("in", run.inputs), ("out", run.outputs)):
                session.add_all(
                    LinkRow(run=digest, direction=direction, name=name, artefact=artefact) for name, artefact in pairs
                )
            session.add_all(
                UseRow(run=digest, clause=use.clause, facet=use.facet, facet_digest=use.facet_digest)
                for use in run.uses
            )
            for artefact, digests in members.items():
                if session.get(MemberRow, (artefact, 0)) is None:
                    session.add_all(
                        MemberRow(artefact=artefact, position=place, digest=member)
                        for place, member in enumerate(digests)
                    )

    def known(self) -> frozenset[Digest]:
        """Digests of all indexed runs."""
        with Session(self.engine) as session:
            return frozenset(session.scalars(select(RunRow.digest)))

    def with_key(self, step: str, key: Digest) -> Run | None:
        """The newest run of a step with this key."""
        query = (
            select(RunRow.record)
            .where(RunRow.step == step, RunRow.key == key)
            .order_by(RunRow.position.desc())
            .limit(1)
        )
        return self._one(query)

    def latest(self, step: str) -> Run | None:
        """The newest run of a step, whatever its key."""
        return self._one(select(RunRow.record).where(RunRow.step == step).order_by(RunRow.position.desc()).limit(1))

    def runs(self) -> tuple[Run, ...]:
        """Every run, in the order of the ledger."""
        with Session(self.engine) as session:
            return tuple(
                Run.model_validate_json(text)
                for text in session.scalars(select(RunRow.record).order_by(RunRow.position))
            )

    def maker(self, artefact: Digest) -> Made | None:
        """The newest run that made this artefact."""
        query = (
            select(RunRow.record, LinkRow.name)
            .join(LinkRow, LinkRow.run == RunRow.digest)
            .where(LinkRow.artefact == artefact, LinkRow.direction == "out")
            .order_by(RunRow.position.desc())
            .limit(1)
        )
        with Session(self.engine) as session:
            row = session.execute(query).first()
        return Made(Run.model_validate_json(row[0]), row[1]) if row else None

    def holders(self, record: Digest) -> tuple[tuple[Digest, int], ...]:
        """The artefacts that hold this record, with its place in each."""
        with Session(self.engine) as session:
            rows = session.execute(select(MemberRow.artefact, MemberRow.position).where(MemberRow.digest == record))
            return tuple((artefact, place) for artefact, place in rows)

    def resolve(self, prefix: str) -> tuple[Digest, ...]:
        """Every digest of a run, artefact or record that starts like this."""
        found: set[Digest] = set()
        with Session(self.engine) as session:
            for column in (RunRow.digest, LinkRow.artefact, MemberRow.digest):
                found.update(
                    session.scalars(select(column).where(column.startswith(prefix, autoescape=True)).limit(20))
                )
        return tuple(sorted(found))

    def readers(self, use: Use) -> tuple[Run, ...]:
        """Every run that read a facet of a clause in exactly this state."""
        query = (
            select(RunRow.record)
            .join(UseRow, UseRow.run == RunRow.digest)
            .where(UseRow.clause == use.clause, UseRow.facet == use.facet, UseRow.facet_digest == use.facet_digest)
        )
        with Session(self.engine) as session:
            return tuple(Run.model_validate_json(text) for text in session.scalars(query))

    def _one(self, query: object) -> Run | None:
        with Session(self.engine) as session:
            text = session.scalars(query).first()  # type: ignore[call-overload]  # both callers select one text column
        return Run.model_validate_json(text) if text else None


def _use_wal(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the DB-API connection of sqlite3
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _upgrade(engine: Engine) -> None:
    with engine.connect() as connection:
        if inspect(connection).has_table("alembic_version"):
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            if found == HEAD:
                return
            if found is None or found > HEAD:
                raise ColonnadeError(
                    f"the catalogue has format {found}, newer than this Colonnade knows ({HEAD}).",
                    mend="Install the newer Colonnade.",
                )
    from alembic import command  # imported where needed: it costs a third of a second at every start
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def uses_of(runs: Iterable[Run]) -> frozenset[Use]:
    """Every facet that any of these runs read."""
    return frozenset(use for run in runs for use in run.uses)
