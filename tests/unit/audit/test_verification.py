"""Every kind of place in which a byte can change, and that the checker names it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from colonnade.audit import verify
from colonnade.records import (
    CorruptionError,
    InputError,
    Run,
    canonical_json,
    digest_bytes,
    digest_of,
)
from colonnade.store import GENESIS, Store

from .small_workspace import Made, make_run


def flip(file: Path, place: int = -3) -> None:
    """Change one byte."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(bytes(content))


def ledger(made: Made) -> Path:
    return made.workspace / ".colonnade" / "ledger.jsonl"


def catalogue(made: Made, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(made.workspace / ".colonnade" / "catalogue.sqlite")) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0


def lines(made: Made) -> list[bytes]:
    return ledger(made).read_bytes().splitlines(keepends=True)


def flip_ledger_line(made: Made) -> str:
    rows = lines(made)
    ledger(made).write_bytes(b"".join((*rows[:2], rows[2].replace(b"tester", b"taster"), *rows[3:])))
    return "ledger line 4: the entry does not follow from the line before it"


def flip_last_ledger_line(made: Made) -> str:
    rows = lines(made)
    wrong = digest_of("wrong")
    ledger(made).write_bytes(
        b"".join((*rows[:-1], rows[-1].replace(made.runs["evaluation.measure"].encode(), wrong.encode())))
    )
    return f"ledger line 7: the run object {wrong} is missing"


def break_ledger_line(made: Made) -> str:
    rows = lines(made)
    ledger(made).write_bytes(b"".join((*rows[:2], b"x" + rows[2][1:], *rows[3:])))
    return "ledger line 3: this is not an entry"


def respace_ledger_line(made: Made) -> str:
    rows = lines(made)
    ledger(made).write_bytes(b"".join((*rows[:-1], rows[-1].replace(b'","', b'", "'))))
    return "ledger line 7: this entry is not in canonical form"


def delete_ledger_line(made: Made) -> str:
    rows = lines(made)
    ledger(made).write_bytes(b"".join((*rows[:2], *rows[3:])))
    return "ledger line 3: the entry has sequence 3 instead of 2"


def cut_ledger(made: Made) -> str:
    ledger(made).write_bytes(b"".join(lines(made)[:-1]))
    return f"the catalogue lists the run {made.runs['evaluation.measure']} of step 'evaluation.measure'"


def tear_ledger(made: Made) -> str:
    with ledger(made).open("ab") as stream:
        stream.write(b'{"act":')
    return "ledger line 8: this line has no end"


def delete_ledger(made: Made) -> str:
    ledger(made).unlink()
    return "the ledger is missing"


def flip_run(made: Made) -> str:
    flip(made.blob(made.runs["evaluation.grade"]))
    return f"ledger line 6: the run object {made.runs['evaluation.grade']} has other bytes than were stored"


def flip_artefact(made: Made) -> str:
    flip(made.blob(made.artefacts["prompts"]))
    return f"output 'prompts' of step 'evaluation.prompts': artefact {made.artefacts['prompts']} has other bytes"


def delete_artefact(made: Made) -> str:
    made.blob(made.artefacts["transcripts"]).unlink()
    return f"output 'transcripts' of step 'evaluation.answer': artefact {made.artefacts['transcripts']} is missing"


def flip_folder_member(made: Made) -> str:
    files = json.loads(made.blob(made.artefacts["adapter"]).read_bytes())["colonnade-folder"]
    flip(made.blob(files["adapter.bin"]))
    return f"file 'adapter.bin', {files['adapter.bin']}, of folder artefact {made.artefacts['adapter']} has other bytes"


def edit_catalogue_record(made: Made) -> str:
    catalogue(
        made, "UPDATE run SET record = replace(record, '\"seed\":0', '\"seed\":1') WHERE step = 'evaluation.grade'"
    )
    return f"row for the run {made.runs['evaluation.grade']} of step 'evaluation.grade' holds another record"


def edit_catalogue_step(made: Made) -> str:
    catalogue(made, "UPDATE run SET step = 'gate.decide' WHERE step = 'evaluation.grade'")
    return "has the step 'gate.decide' instead of 'evaluation.grade'"


def edit_catalogue_position(made: Made) -> str:
    catalogue(made, "UPDATE run SET position = 40 WHERE step = 'evaluation.grade'")
    return "has the position '40' instead of '5'"


def edit_catalogue_link(made: Made) -> str:
    catalogue(made, "UPDATE link SET artefact = ? WHERE direction = 'out' AND name = 'verdicts'", digest_of("other"))
    return f"links for the run {made.runs['evaluation.grade']} of step 'evaluation.grade' lack out verdicts"


def edit_catalogue_use(made: Made) -> str:
    catalogue(made, 'UPDATE "use" SET facet_digest = ? WHERE run = ?', GENESIS, made.runs["evaluation.grade"])
    return f"uses for the run {made.runs['evaluation.grade']} of step 'evaluation.grade' lack cyber.malware"


def edit_catalogue_member(made: Made) -> str:
    catalogue(
        made, "UPDATE member SET digest = ? WHERE artefact = ? AND position = 1", GENESIS, made.artefacts["prompts"]
    )
    return f"the catalogue lists other records for artefact {made.artefacts['prompts']}"


def delete_catalogue_run(made: Made) -> str:
    catalogue(made, "DELETE FROM run WHERE step = 'evaluation.prompts'")
    return f"ledger line 4: the catalogue lacks the run {made.runs['evaluation.prompts']} of step 'evaluation.prompts'"


def delete_catalogue(made: Made) -> str:
    (made.workspace / ".colonnade" / "catalogue.sqlite").unlink()
    return "the catalogue catalogue.sqlite is missing"


def scramble_catalogue(made: Made) -> str:
    (made.workspace / ".colonnade" / "catalogue.sqlite").write_bytes(b"no database" * 100)
    return "the catalogue catalogue.sqlite cannot be read"


@pytest.mark.parametrize(
    "damage",
    [
        flip_ledger_line,
        flip_last_ledger_line,
        break_ledger_line,
        respace_ledger_line,
        delete_ledger_line,
        cut_ledger,
        tear_ledger,
        delete_ledger,
        flip_run,
        flip_artefact,
        delete_artefact,
        flip_folder_member,
        edit_catalogue_record,
        edit_catalogue_step,
        edit_catalogue_position,
        edit_catalogue_link,
        edit_catalogue_use,
        edit_catalogue_member,
        delete_catalogue_run,
        delete_catalogue,
        scramble_catalogue,
    ],
)
def test_damage_is_found_and_its_place_named(made: Made, damage: Callable[[Made], str]) -> None:
    expected = damage(made)

    found = verify(made.workspace)

    assert not found.sound
    assert any(expected in problem for problem in found.problems), found.problems


def test_a_clean_store_has_no_problems(made: Made) -> None:
    found = verify(made.workspace)

    assert found.problems == ()
    assert found.sound
    assert (found.entries, found.runs, found.artefacts) == (7, 7, 9)
    assert (found.recomputed, found.not_recomputed) == (5, 0)
    assert found.head == digest_bytes(lines(made)[-1][:-1])


def test_every_byte_of_the_heap_is_looked_at(made: Made) -> None:
    blobs = [path for path in (made.workspace / ".colonnade" / "objects").rglob("*") if path.is_file()]
    assert len(blobs) == 9 + 7
    for blob in blobs:
        flip(blob, 0)
        assert any(blob.parent.name + blob.name in problem for problem in verify(made.workspace).problems), blob
        flip(blob, 0)
    assert verify(made.workspace).sound


def test_damage_in_two_places_is_found_in_both(made: Made) -> None:
    expected = [flip_run(made), flip_folder_member(made), flip_ledger_line(made)]

    problems = verify(made.workspace).problems

    assert all(any(sentence in problem for problem in problems) for sentence in expected)


def test_what_a_store_refuses_to_open_is_verified_to_the_end(made: Made) -> None:
    break_ledger_line(made)
    with pytest.raises(CorruptionError):
        Store(made.workspace)
    expected = flip_artefact(made)

    assert any(expected in problem for problem in verify(made.workspace).problems)


def test_verifying_writes_nothing(made: Made) -> None:
    def snapshot() -> dict[Path, tuple[int, bytes | None]]:
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
            for path in made.workspace.rglob("*")
        }

    before = snapshot()
    verify(made.workspace)
    assert snapshot() == before


def test_a_catalogue_that_is_open_elsewhere_is_read_with_its_newest_rows(made: Made) -> None:
    store = Store(made.workspace)
    artefact = store.put_records([])
    store.record(make_run("late.step", {}, {"nothing": artefact}), "tester")

    assert verify(made.workspace).problems == ()
    store.close()


def test_a_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was ever stored here"):
        verify(tmp_path)


def test_a_new_store_is_sound(tmp_path: Path) -> None:
    Store(tmp_path).close()

    found = verify(tmp_path)

    assert found.sound
    assert (found.entries, found.head) == (0, GENESIS)


def test_an_input_that_nobody_made_is_found(made: Made) -> None:
    store = Store(made.workspace)
    stray = store.put_records([made.verdicts[0]])
    store.record(make_run("gate.decide", {"stray": stray}, {}), "tester")
    store.close()

    (problem,) = verify(made.workspace).problems

    assert f"the input 'stray' of step 'gate.decide', {stray}, is not the output of any earlier run" in problem


def test_an_input_that_is_made_only_later_is_found(made: Made) -> None:
    store = Store(made.workspace)
    late = store.put_records([made.verdicts[0]])
    store.record(make_run("gate.decide", {"late": late}, {}), "tester")
    store.record(make_run("late.step", {}, {"late": late}), "tester")
    store.close()

    assert len(verify(made.workspace).problems) == 1


def test_an_object_that_is_no_run_is_found(made: Made) -> None:
    store = Store(made.workspace)
    store.ledger.append("run", made.artefacts["prompts"], "tester")
    store.ledger.append("run", store.objects.put(canonical_json({"step": "x"})), "tester")
    store.catalogue.close()

    problems = verify(made.workspace).problems

    assert f"ledger line 8: the object {made.artefacts['prompts']} is not a run." in problems


def test_a_run_that_is_not_in_canonical_form_is_found(made: Made) -> None:
    store = Store(made.workspace)
    run = Run.model_validate_json(store.objects.get(made.runs["evaluation.grade"]))
    other = store.objects.put(run.model_dump_json(indent=1).encode())
    store.ledger.append("run", other, "tester")
    store.catalogue.close()

    assert (
        f"ledger line 8: the run of step 'evaluation.grade' has the digest {run.digest}, not {other}."
        in verify(made.workspace).problems
    )


def test_a_folder_artefact_that_reaches_outside_is_found(made: Made) -> None:
    store = Store(made.workspace)
    member = store.objects.put(b"x")
    folder = store.objects.put(canonical_json({"colonnade-folder": {"../out": member}}))
    store.record(make_run("bad.step", {}, {"folder": folder}), "tester")
    store.close()

    (problem,) = verify(made.workspace).problems

    assert "file '../out'" in problem
    assert "outside the folder" in problem
