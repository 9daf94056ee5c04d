"""What a step is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from colonnade.pipeline.agreement import NOTHING_AGREED, Agreement
from colonnade.records import Clause, Digest, InputError, Launch, PolicySet, Record
from colonnade.store import Store
from colonnade.store.parts import NOTHING_KEPT, Parts

R = TypeVar("R", bound=Record)


class Result(NamedTuple):
    """The outputs of a step by name, and what a reader should see of them.

    Attributes:
        records: collections of records; folders: directories to be stored whole.
        pages: texts that are stored as they are.
    """

    records: Mapping[str, Sequence[Record]] = {}
    folders: Mapping[str, Path] = {}
    pages: Mapping[str, str] = {}
    notes: Mapping[str, str] = {}


class Reporter(Protocol):
    """Whoever shows the work as it goes."""

    def started(self, step: str, title: str) -> None:
        """A step begins."""
        ...

    def progress(self, done: int, total: int) -> None:
        """The running step has done so many of so many."""
        ...

    def finished(self, step: str, seconds: float, notes: Mapping[str, str]) -> None:
        """A step has been done."""
        ...

    def reused(self, step: str, notes: Mapping[str, str]) -> None:
        """A step's earlier result holds."""
        ...

    def waiting(self, step: str, reasons: Sequence[str]) -> None:
        """A step that waits for people, or for one that does."""
        ...

    def warned(self, sentence: str) -> None:
        """Something a person should know."""
        ...


class Context(NamedTuple):
    """One step's view of the workspace: what it declared, and nothing else.

    Attributes:
        inputs: digest by ``step/name``, only those that the step declared.
        base: digest of the base model's weights.
        agreement: what people signed; empty for a step that did not ask for it.
        scratch: an empty folder that goes away afterwards.
        parts: what the step has finished of itself, which outlives a crash; by default nothing does.
    """

    workspace: Path
    launch: Launch
    policies: PolicySet
    store: Store
    inputs: Mapping[str, Digest]
    base: Digest
    reporter: Reporter
    scratch: Path
    agreement: Agreement = NOTHING_AGREED
    parts: Parts = NOTHING_KEPT

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The active clauses."""
        return self.policies.active

    def digest(self, name: str) -> Digest:
        """The digest of a declared input.

        Raises:
            InputError: where the step did not declare it; a split that is not declared cannot be read.
        """
        if name not in self.inputs:
            raise InputError(
                f"this step did not declare '{name}' as an input.", mend="Declare it in pipeline/steps.py."
            )
        return self.inputs[name]

    def records(self, kind: type[R], name: str) -> tuple[R, ...]:
        """The records of a declared input."""
        return self.store.get_records(kind, self.digest(name))

    def record(self, kind: type[R], name: str) -> R:
        """The only record of a declared input."""
        return self.records(kind, name)[0]

    def folder(self, name: str) -> Path:
        """A declared folder, laid out on disk."""
        return self.store.get_folder(self.digest(name))
