"""The store of one workspace: artefacts, catalogue and ledger behind one door."""

from __future__ import annotations

import getpass
import json
import logging
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from pydantic import TypeAdapter

from colonnade.records import ColonnadeError, CorruptionError, Digest, Record, Run, canonical_json, digest_of
from colonnade.store.catalogue import Catalogue
from colonnade.store.catalogue_faults import DamagedCatalogueError
from colonnade.store.ledger import Ledger
from colonnade.store.lock import hold, take_turns
from colonnade.store.objects import Objects
from colonnade.store.sealing import SealedObjects

R = TypeVar("R", bound=Record)
FOLDER_MARK = "colonnade-folder"

HOME = ".colonnade"
"""The folder of a workspace that holds all that was made; deleting it forgets everything."""

LEDGER, OBJECTS, CATALOGUE = "ledger.jsonl", "objects", "catalogue.sqlite"

OPENING = 120.0
"""Seconds to wait while another command upgrades the catalogue or fills it."""

_log = logging.getLogger(__name__)


class Store:
    """Everything that was made in a workspace, under ``WORKSPACE/.colonnade``.

    Opening it checks the ledger's chain and indexes whatever the ledger names and the catalogue
    lacks, so that a crash between the two loses nothing. A damaged catalogue is set aside and
    filled anew: the ledger is the truth.

    Raises:
        ColonnadeError: where nothing can be written there.
    """

    def __init__(self, workspace: Path) -> None:
        self.home = workspace / HOME
        try:
            self.home.mkdir(exist_ok=True)
            if not (self.home / ".gitignore").exists():
                (self.home / ".gitignore").write_text("*\n")
        except OSError as fault:
            what = f"nothing can be written here: {fault.strerror or fault}."
            mend = "Let it be a folder that you may write to, with room on its disk."
            raise ColonnadeError(what, file=self.home, mend=mend) from None
        self.objects = Objects(str(self.home.absolute() / OBJECTS))
        self.ledger = Ledger(self.home / LEDGER)
        # Two commands that upgrade or fill one catalogue at a time would trip over each other's tables and rows.
        with take_turns(self.home, OPENING):
            self.catalogue = self._opened()

    def close(self) -> None:
        """Give the catalogue's connections back."""
        self.catalogue.close()

    @contextmanager
    def held(self, patience: float = 0.0) -> Iterator[None]:
        """Keep every other run out while the block lasts; wait for so many seconds for one that goes on."""
        with hold(self.home / "lock", patience):
            yield

    def refusing(self, sealed: Collection[Digest], reader: str, reason: str) -> Store:
        """The same store for a reader to whom it will not give these artefacts.

        Whatever the reader asks by, a name or a bare digest, it meets a ``SealedError``.
        """
        view = copy(self)
        view.objects = SealedObjects(self.objects.root, reader, sealed, reason)
        return view

    # --- artefacts -------------------------------------------------------------------------

    def put_records(self, records: Iterable[Record]) -> Digest:
        """Store records as one artefact: canonical JSON, one line each, in this order."""
        lines = [canonical_json(record.model_dump(mode="json")) for record in records]
        return self.objects.put(b"".join(line + b"\n" for line in lines))

    def get_records(self, kind: type[R], digest: Digest) -> tuple[R, ...]:
        """The records of an artefact.

        Raises:
            CorruptionError: where the artefact is missing or its bytes have changed.
        """
        adapter = TypeAdapter(kind)
        return tuple(adapter.validate_json(line) for line in self.objects.get(digest).splitlines())

    def put_folder(self, folder: Path) -> Digest:
        """Store every file below a folder; the digest is that of the list of names and digests."""
        files = {
            path.relative_to(folder).as_posix(): self.objects.put(path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        return self.objects.put(canonical_json({FOLDER_MARK: files}))

    def get_folder(self, digest: Digest) -> Path:
        """A folder artefact laid out on disk, each file checked on the way."""
        target = self.home / "unpacked" / digest.replace(":", "-")
        if target.exists():
            shutil.rmtree(target)
        for name, member in self.folder_files(digest).items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.objects.get(member))
        return target

    def folder_files(self, digest: Digest) -> dict[str, Digest]:
        """Name and digest of each file of a folder artefact; empty where it is not a folder."""
        content = self.objects.get(digest)
        if not content.startswith(b'{"' + FOLDER_MARK.encode()):
            return {}
        files: dict[str, Digest] = json.loads(content)[FOLDER_MARK]
        return files

    def check(self, digest: Digest) -> None:
        """Hash an artefact and all that it consists of.

        Raises:
            CorruptionError: naming the artefact that is missing or changed.
        """
        for member in self.folder_files(digest).values():
            self.objects.get(member)

    def set_aside(self, digest: Digest) -> None:
        """Quarantine whatever part of an artefact is corrupt."""
        try:
            parts = (digest, *self.folder_files(digest).values())
        except CorruptionError:
            parts = (digest,)
        for part in parts:
            if not self.objects.holds(part):
                self.objects.quarantine(part)

    # --- runs ------------------------------------------------------------------------------

    def record(self, run: Run, actor: str | None = None) -> Digest:
        """Write a finished run to the heap, the ledger and the catalogue, in this order."""
        digest = self.objects.put(canonical_json(run.model_dump(mode="json")))
        entry = self.ledger.append("run", digest, actor or getpass.getuser())
        self._index(run, entry.sequence)
        return digest

    def get_run(self, digest: Digest) -> Run:
        """A run by its digest."""
        return Run.model_validate_json(self.objects.get(digest))

    def output(self, step: str, name: str) -> Digest | None:
        """The artefact that the newest run of a step made under this name."""
        run = self.catalogue.latest(step)
        return dict(run.outputs).get(name) if run else None

    def _index(self, run: Run, position: int) -> None:
        members: dict[Digest, tuple[Digest, ...]] = {}
        clauses: dict[Digest, str] = {}
        for _, artefact in run.outputs:
            try:
                rows: list[Any] = [json.loads(line) for line in self.objects.get(artefact).splitlines()]
            except (CorruptionError, ValueError):
                continue
            if rows and all(isinstance(row, dict) for row in rows) and FOLDER_MARK not in rows[0]:
                members[artefact] = tuple(digest_of(row) for row in rows)
                named = ((digest, row.get("clause")) for digest, row in zip(members[artefact], rows, strict=True))
                clauses |= {digest: clause for digest, clause in named if isinstance(clause, str)}
        self.catalogue.add(run, position, members, clauses)

    def _opened(self) -> Catalogue:
        """The catalogue with every run of the ledger in it; anew where the one that was there is damaged."""
        try:
            return self._caught_up()
        except DamagedCatalogueError as fault:
            _log.warning("%s", fault.sentence)
            return self._caught_up()

    def _caught_up(self) -> Catalogue:
        self.catalogue = Catalogue(f"sqlite:///{self.home / CATALOGUE}")
        try:
            self._catch_up()
        except ColonnadeError:
            self.catalogue.close()
            raise
        return self.catalogue

    def _catch_up(self) -> None:
        known = self.catalogue.known()
        for entry in self.ledger.entries():
            if entry.act == "run" and entry.subject not in known:
                try:
                    run = self.get_run(entry.subject)
                except CorruptionError:
                    continue
                self._index(run, entry.sequence)


@contextmanager
def store_to_read(workspace: Path) -> Iterator[Store]:
    """The store of a workspace, for whoever only looks; an empty one elsewhere where nothing was ever made.

    So a workspace that may not be written to can be looked at, and one that never ran stays as it is.
    """
    with ExitStack() as end:
        made = (workspace / HOME).exists()
        store = Store(workspace if made else Path(end.enter_context(TemporaryDirectory())))
        end.callback(store.close)
        yield store
