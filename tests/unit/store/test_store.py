"""Artefacts, catalogue and ledger behind one door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from colonnade.records import CorruptionError, Facet, Prompt, digest_bytes, digest_of
from colonnade.store import Store
from tests.unit.records.samples import make_clause, make_prompt

from .runs import make_run

PROMPTS = tuple(make_prompt(f"p{number}", text=f"Line one\nline {number} \u2028 ä") for number in range(3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


# --- artefacts -----------------------------------------------------------------------------------


def test_records_come_back_in_their_order(store: Store) -> None:
    digest = store.put_records(PROMPTS)
    assert store.get_records(Prompt, digest) == PROMPTS
    assert store.put_records(PROMPTS) == digest
    assert store.put_records(reversed(PROMPTS)) != digest
    assert store.get_records(Prompt, store.put_records(())) == ()


def test_records_that_were_changed_on_disk_are_not_read(store: Store) -> None:
    digest = store.put_records(PROMPTS)
    flip(Path(store.objects.path(digest)))
    with pytest.raises(CorruptionError, match="have changed"):
        store.get_records(Prompt, digest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    (folder / "deep" / "b.bin").write_bytes(bytes(range(256)))
    return folder


def test_a_folder_comes_back_file_by_file(store: Store, folder: Path) -> None:
    digest = store.put_folder(folder)
    assert store.folder_files(digest) == {
        "a.json": digest_bytes(b"{}"),
        "deep/b.bin": digest_bytes(bytes(range(256))),
    }
    (store.get_folder(digest) / "left-over").write_text("of an earlier look")
    back = store.get_folder(digest)
    assert {path.relative_to(back).as_posix() for path in back.rglob("*") if path.is_file()} == {"a.json", "deep/b.bin"}
    assert (back / "deep" / "b.bin").read_bytes() == bytes(range(256))
    assert store.put_folder(back) == digest


def test_what_is_no_folder_has_no_files(store: Store) -> None:
    assert store.folder_files(store.put_records(PROMPTS)) == {}


def test_a_check_looks_at_every_part(store: Store, folder: Path) -> None:
    digest = store.put_folder(folder)
    store.check(digest)
    part = store.folder_files(digest)["deep/b.bin"]
    flip(Path(store.objects.path(part)))
    with pytest.raises(CorruptionError, match=part):
        store.check(digest)
    store.set_aside(digest)
    assert store.objects.holds(digest)
    assert not Path(store.objects.path(part)).exists()
    assert Path(f"{store.objects.path(part)}.corrupt").exists()
    store.put_folder(folder)
    store.check(digest)


def test_a_corrupt_list_of_files_is_set_aside_itself(store: Store, folder: Path) -> None:
    digest = store.put_folder(folder)
    flip(Path(store.objects.path(digest)))
    store.set_aside(digest)
    assert not Path(store.objects.path(digest)).exists()
    with pytest.raises(CorruptionError, match="missing"):
        store.check(digest)


# --- runs ----------------------------------------------------------------------------------------


def test_a_recorded_run_lies_in_the_heap_the_ledger_and_the_catalogue(store: Store) -> None:
    artefact = store.put_records(PROMPTS)
    run = make_run("intake.prompts", outputs={"gate": artefact}, uses=make_clause().use(Facet.BOUNDARY))
    digest = store.record(run, actor="ada")
    assert digest == run.digest
    assert store.get_run(digest) == run
    (entry,) = store.ledger.entries()
    assert (entry.act, entry.subject, entry.actor) == ("run", digest, "ada")
    assert store.catalogue.latest("intake.prompts") == run
    assert store.output("intake.prompts", "gate") == artefact
    assert store.output("intake.prompts", "training") is None
    assert store.output("gate.decide", "decision") is None


def test_every_record_of_an_output_can_be_found_by_its_own_digest(store: Store) -> None:
    artefact = store.put_records(PROMPTS)
    store.record(make_run(outputs={"gate": artefact}))
    for place, prompt in enumerate(PROMPTS):
        assert store.catalogue.holders(prompt.digest) == ((artefact, place),)


def test_pages_and_folders_have_no_members(store: Store, folder: Path) -> None:
    page = store.objects.put(b"<p>not JSON</p>")
    numbers = store.objects.put(b"[1]\n[2]\n")
    store.record(make_run(outputs={"page": page, "folder": store.put_folder(folder), "numbers": numbers}))
    assert store.catalogue.holders(digest_of([1])) == ()
    assert store.catalogue.maker(page) is not None


def state(store: Store) -> tuple[object, ...]:
    clause = make_clause()
    return (
        store.catalogue.runs(),
        store.catalogue.known(),
        store.catalogue.resolve("sha256:"),
        [store.catalogue.holders(prompt.digest) for prompt in PROMPTS],
        store.catalogue.impact(clause.id, {Facet.TEXT: clause.facet(Facet.TEXT)}),
        store.catalogue.maker(store.put_records(PROMPTS)),
    )


def filled(workspace: Path) -> Store:
    store = Store(workspace)
    artefact = store.put_records(PROMPTS)
    store.record(make_run("intake.prompts", outputs={"gate": artefact}))
    store.record(make_run("gate.decide", inputs={"x": artefact}, uses=make_clause().use(Facet.TEXT), minute=1))
    store.record(make_run("intake.prompts", outputs={"gate": artefact}, minute=2))
    return store


def test_a_lost_catalogue_is_filled_again_from_ledger_and_heap(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = state(store)
    store.close()
    for file in store.home.glob("catalogue.sqlite*"):
        file.unlink()
    again = Store(tmp_path)
    assert state(again) == before
    again.close()


def test_a_run_that_a_crash_kept_from_the_catalogue_is_indexed_at_the_next_start(tmp_path: Path) -> None:
    store = filled(tmp_path)
    late = make_run("audit.report", minute=3)
    store.ledger.append("run", store.objects.put(late.model_dump_json().encode()), "ada")
    digest = store.objects.put(b"")
    store.ledger.append("review", digest, "ada")
    store.close()
    again = Store(tmp_path)
    assert len(again.catalogue.runs()) == 4
    assert again.catalogue.latest("audit.report") == late
    again.close()


def test_a_run_whose_bytes_are_lost_is_left_out_and_the_rest_is_there(tmp_path: Path) -> None:
    store = filled(tmp_path)
    lost = store.catalogue.runs()[1]
    store.close()
    Path(store.objects.path(lost.digest)).unlink()
    for file in store.home.glob("catalogue.sqlite*"):
        file.unlink()
    again = Store(tmp_path)
    assert [run.step for run in again.catalogue.runs()] == ["intake.prompts", "intake.prompts"]
    again.close()


def test_a_store_does_not_open_over_a_broken_ledger(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    lines = store.ledger.file.read_bytes().splitlines(keepends=True)
    store.ledger.file.write_bytes(lines[0] + lines[2])
    with pytest.raises(CorruptionError, match="the ledger is broken"):
        Store(tmp_path)


def test_what_is_stored_keeps_itself_out_of_git(store: Store) -> None:
    assert (store.home / ".gitignore").read_text() == "*\n"
