"""The index over runs, artefacts, their members and the facets they read.

Nothing here is the only copy: runs and artefacts lie in the heap and the ledger names them, so a
lost or stale catalogue is filled again from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from colonnade.records import ColonnadeError, Digest, Facet, Run
from colonnade.store.catalogue_faults import set_aside, speak_plainly
from colonnade.store.objects import NOTHING

HEAD = "0003"
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
    __table_args__ = (Index("run_by_step", "step", "position"),)


class LinkRow(_Base):
    """An artefact that a run read or made, under the name it had there; of what it made, how many records it holds."""

    __tablename__ = "link"
    run: Mapped[str] = mapped_column(ForeignKey("run.digest"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(3), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    artefact: Mapped[str] = mapped_column(String(80), index=True)
    members: Mapped[int] = mapped_column(Integer, server_default="0")


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
    clause: Mapped[str | None] = mapped_column(String(120))
    __table_args__ = (Index("member_by_clause", "clause", "artefact"),)


class Touched(NamedTuple):
    """An output that would not be what it is if a clause changed.

    Attributes:
        direct: whether the run that made it read the clause itself, or only something made from it.
        members: how many records it holds; 0 for a folder or a page.
        of_clause: how many of them name the clause.
    """

    step: str
    name: str
    artefact: Digest
    direct: bool
    members: int
    of_clause: int


_Later = aliased(RunRow)


class Made(NamedTuple):
    """Which run made an artefact, and under which name."""

    run: Run
    name: str


class Catalogue:
    """Questions to the index, by default an SQLite file in WAL mode."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        if self.engine.dialect.name == "sqlite":
            speak_plainly(self.engine)
            event.listen(self.engine, "connect", _use_wal)
        try:
            _upgrade(self.engine)
        except ColonnadeError:
            self.engine.dispose()
            raise

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def add(
        self,
        run: Run,
        position: int,
        members: Mapping[Digest, tuple[Digest, ...]],
        clauses: Mapping[Digest, str] = MappingProxyType({}),
    ) -> None:
        """Index one run; a second time changes nothing.

        Args:
            run: the run.
            position: its place in the ledger.
            members: the records of each output that holds records.
            clauses: the clause that a record names, by the record's digest.
        """
        try:
            self._add(run, position, members, clauses)
        except IntegrityError:
            # Another process indexed this run, or another one with the same artefact, at the same moment.
            self._add(run, position, members, clauses)

    def _add(
        self, run: Run, position: int, members: Mapping[Digest, tuple[Digest, ...]], clauses: Mapping[Digest, str]
    ) -> None:
        digest = run.digest
        with Session(self.engine) as session, session.begin():
            if session.get(RunRow, digest) is not None:
                return
            session.add(
                RunRow(digest=digest, position=position, step=run.step, key=run.key, record=run.model_dump_json())
            )
            session.flush()
            for direction, pairs in (("in", run.inputs), ("out", run.outputs)):
                made = direction == "out"
                rows = [
                    {
                        "run": digest,
                        "direction": direction,
                        "name": name,
                        "artefact": artefact,
                        "members": len(members.get(artefact, ())) if made else 0,
                    }
                    for name, artefact in pairs
                ]
                _insert(session, LinkRow, rows)
            _insert(
                session, UseRow, [{"run": digest, **use.model_dump(), "facet": use.facet.value} for use in run.uses]
            )
            for artefact, digests in members.items():
                if session.get(MemberRow, (artefact, 0)) is None:
                    held = [
                        {"artefact": artefact, "position": place, "digest": member, "clause": clauses.get(member)}
                        for place, member in enumerate(digests)
                    ]
                    _insert(session, MemberRow, held)

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

    def impact(self, clause: str, digests: Mapping[Facet, Digest]) -> tuple[Touched, ...]:
        """Every output of a newest run that rests on one of these facets in this state.

        A run rests on a facet that it read, and on everything that it read from such a run. Older
        runs of the same step are history: nothing builds on them any more.
        """
        newest = select(func.max(_Later.position)).where(_Later.step == RunRow.step).scalar_subquery()
        wanted = [(facet.value, digest) for facet, digest in digests.items()]
        direct = (
            select(UseRow.run.label("run"))
            .join(RunRow, RunRow.digest == UseRow.run)
            .where(UseRow.clause == clause, tuple_(UseRow.facet, UseRow.facet_digest).in_(wanted))
            .where(RunRow.position == newest)
        )
        touched = direct.cte("touched", recursive=True)
        made, read = aliased(LinkRow), aliased(LinkRow)
        touched = touched.union(
            select(read.run)
            .join(made, made.artefact == read.artefact)
            .join(touched, touched.c.run == made.run)
            .join(RunRow, RunRow.digest == read.run)
            .where(made.direction == "out", read.direction == "in", RunRow.position == newest)
        )
        named = (
            select(func.count())
            .where(MemberRow.artefact == LinkRow.artefact, MemberRow.clause == clause)
            .scalar_subquery()
        )
        query = (
            select(RunRow.step, LinkRow.name, LinkRow.artefact, LinkRow.run.in_(direct), LinkRow.members, named)
            .join(RunRow, RunRow.digest == LinkRow.run)
            .where(LinkRow.direction == "out", LinkRow.run.in_(select(touched.c.run)))
            .order_by(RunRow.position, LinkRow.name)
        )
        with Session(self.engine) as session:
            return tuple(Touched(*row) for row in session.execute(query))

    def made_from(self, *names: str) -> frozenset[Digest]:
        """Every artefact that a run ever made under one of these names, and all that was made from one of them."""
        found = (
            select(LinkRow.artefact.label("artefact"))
            .where(LinkRow.name.in_(names), LinkRow.direction == "out", LinkRow.artefact != NOTHING)
            .cte("found", recursive=True)
        )
        read, made = aliased(LinkRow), aliased(LinkRow)
        found = found.union(
            select(made.artefact)
            .join(read, read.run == made.run)
            .join(found, found.c.artefact == read.artefact)
            .where(read.direction == "in", made.direction == "out", made.artefact != NOTHING)
        )
        with Session(self.engine) as session:
            return frozenset(session.scalars(select(found.c.artefact)))

    def _one(self, query: object) -> Run | None:
        with Session(self.engine) as session:
            text = session.scalars(query).first()  # type: ignore[call-overload]  # both callers select one text column
        return Run.model_validate_json(text) if text else None


def _insert(session: Session, table: type[_Base], rows: Sequence[Mapping[str, object]]) -> None:
    """All at once: one object per row of the session took most of the time of a large run."""
    if rows:
        session.execute(insert(table), list(rows))


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
            if found is None or not found.isdigit():
                # An upgrade that was cut off, or somebody else's tables.
                raise set_aside(Path(engine.url.database or ""), f"it says that its format is '{found}'")
            if found > HEAD:
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
