from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.recording import GrantUses, LogRecorder, QuickRing, recorded_uses, row_bytes
from colonnade.records import ColonnadeError, GrantUse, Level, canonical_json
from colonnade.store.log import Entry, GroupWriter, TransparencyLog, create_log, verifier_key, verify_log
from colonnade.store.log.contents import open_row

KEY = Ed25519PrivateKey.generate()

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
numbers = st.integers(-(2**53), 2**53) | st.integers(0, 10**9).map(lambda whole: whole / 1000)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=6))
def test_the_fast_form_of_a_row_is_the_canonical_one(row: dict[str, Any]) -> None:
    assert row_bytes(row) == canonical_json(row)


def opened(folder: Path) -> tuple[GroupWriter, QuickRing]:
    create_log(folder / "log", "example.com/guard")
    return GroupWriter(TransparencyLog(folder / "log"), KEY), QuickRing(folder / "keys", b"k" * 32, folder / "log")


def test_a_row_is_on_disk_when_it_was_awaited_and_its_words_are_sealed(tmp_path: Path) -> None:
    writer, ring = opened(tmp_path)
    recorder = LogRecorder(writer, ring)

    async def many() -> None:
        rows = [recorder.write({"act": "request", "id": f"ex-{n}"}, "key-7", {"user": f"bake {n}"}) for n in range(50)]
        await asyncio.gather(*rows)

    asyncio.run(many())
    lines = (tmp_path / "log/rows/000000000000.jsonl").read_bytes().splitlines()
    assert {json.loads(line)["row"]["id"] for line in lines} == {f"ex-{n}" for n in range(50)}
    assert b"bake" not in b"".join(lines)
    assert b"key-7" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    index = next(n for n, line in enumerate(lines) if b'"ex-7"' in line)
    opening = open_row(tmp_path / "log", ring, index)["user"]
    assert opening is not None
    assert opening.text == "bake 7"
    assert recorder.state().rows == 50
    recorder.close()
    found = verify_log(tmp_path / "log", verifier_key("example.com/guard", KEY))
    assert (found.rows, found.vouched, found.problems) == (50, 50, ())


def test_without_a_ring_no_words_are_kept(tmp_path: Path) -> None:
    writer, _ = opened(tmp_path)
    recorder = LogRecorder(writer)
    asyncio.run(recorder.write({"act": "request"}, "key-7", {"user": "bake"}))
    recorder.close()
    assert not list((tmp_path / "log/contents").iterdir())


def test_a_row_that_cannot_be_written_is_a_fault_of_whoever_awaits_it(tmp_path: Path) -> None:
    writer, _ = opened(tmp_path)
    recorder = LogRecorder(writer)
    (tmp_path / "log/rows").rename(tmp_path / "log/elsewhere")
    with pytest.raises(ColonnadeError):
        asyncio.run(recorder.write({"act": "request"}, "key-7", {}))
    writer.close()
    with pytest.raises(ColonnadeError, match="closed"):
        asyncio.run(recorder.write({"act": "request"}, "key-7", {}))


def test_a_use_of_a_grant_is_a_row_of_the_same_log_and_read_back_as_it_was(tmp_path: Path) -> None:
    writer, _ = opened(tmp_path)
    use = GrantUse(
        grant="exam",
        content="sha256:" + "a" * 64,
        subject="key-7",
        topic="cyber",
        level=Level.RECIPE,
        purpose="study",
        side="request",
        number=3,
        text="sha256:" + "b" * 64,
        drawn=True,
        at=datetime.now(UTC),
    )
    asyncio.run(LogRecorder(writer).write({"act": "request", "quoted": '"row":{"act":"use",'}, "key-7", {}))
    GrantUses(writer).append(use)
    writer.close()
    assert recorded_uses(tmp_path / "log") == (use,)
    assert recorded_uses(tmp_path / "nowhere") == ()


def test_a_destroyed_key_seals_for_a_second_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, ring = opened(tmp_path)
    clock = [0.0]
    monkeypatch.setattr("colonnade.guard.recording.monotonic", lambda: clock[0])
    first = ring.key_for("key-7", date(2027, 1, 1))
    ring.destroy([first])
    assert ring.key_for("key-7", date(2027, 1, 1)) == first
    clock[0] = 1.0
    assert ring.key_for("key-7", date(2027, 1, 1)).id != first.id


def test_rows_of_one_turn_of_the_loop_are_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, ring = opened(tmp_path)
    recorder = LogRecorder(writer, ring)
    groups: list[int] = []
    real = writer.log.append_entries

    def counting(entries: list[Entry]) -> range:
        groups.append(len(entries))
        return real(entries)

    monkeypatch.setattr(writer.log, "append_entries", counting)

    async def twice(number: int) -> None:
        await recorder.write({"act": "request", "id": number}, "key-7", {"user": "bake"})
        await recorder.write({"act": "reply", "id": number}, "key-7", {"0 content": "a cake"})

    async def many() -> None:
        await asyncio.gather(*(twice(number) for number in range(20)))

    asyncio.run(many())
    recorder.close()
    assert groups == [20, 20]


def test_a_row_that_cannot_be_sealed_fails_alone(tmp_path: Path) -> None:
    writer, ring = opened(tmp_path)
    recorder = LogRecorder(writer, ring)

    async def three() -> list[BaseException | None]:
        rows = [{"n": 0}, {"n": object()}, {"n": 2}]
        return await asyncio.gather(*(recorder.write(row, "key-7", {}) for row in rows), return_exceptions=True)

    said = asyncio.run(three())
    assert [type(fault) for fault in said] == [type(None), ColonnadeError, type(None)]
    assert asyncio.run(asyncio.wait_for(recorder.write({"n": 3}, "key-7", {}), 30)) is None
    recorder.close()
    lines = (tmp_path / "log/rows/000000000000.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["row"] for line in lines] == [{"n": 0}, {"n": 2}, {"n": 3}]


def test_a_panic_while_a_row_is_sealed_is_a_fault_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        """As libraries in Rust raise it."""

    def panics(*_: object) -> None:
        raise Panic

    writer, ring = opened(tmp_path)
    recorder = LogRecorder(writer, ring)
    monkeypatch.setattr("colonnade.guard.recording.seal_contents", panics)
    with pytest.raises(ColonnadeError, match="Panic"):
        asyncio.run(asyncio.wait_for(recorder.write({"n": 1}, "key-7", {"said": "hi"}), 10))
    writer.close()


def test_rows_that_cannot_be_handed_over_are_a_fault_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, _ = opened(tmp_path)
    recorder = LogRecorder(writer)

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(writer, "submit_batch", full)
    with pytest.raises(ColonnadeError, match="MemoryError"):
        asyncio.run(asyncio.wait_for(recorder.write({"n": 1}, "key-7", {}), 10))
    writer.close()


def test_a_row_whose_asker_hung_up_is_written_and_the_others_are_told(tmp_path: Path) -> None:
    writer, _ = opened(tmp_path)
    recorder = LogRecorder(writer)

    async def hang_up() -> None:
        first = asyncio.create_task(recorder.write({"n": 0}, "key-7", {}))
        second = asyncio.create_task(recorder.write({"n": 1}, "key-7", {}))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 30)
        assert first.cancelled()

    asyncio.run(hang_up())
    recorder.close()
    assert TransparencyLog(tmp_path / "log").size == 2


def test_a_recorder_goes_on_in_another_loop(tmp_path: Path) -> None:
    writer, _ = opened(tmp_path)
    recorder = LogRecorder(writer)
    left = asyncio.new_event_loop()
    task = left.create_task(recorder.write({"n": 0}, "key-7", {}))
    left.call_soon(left.stop)
    left.run_forever()  # one turn: the row is asked for, and its loop ends before it is handed over
    asyncio.run(asyncio.wait_for(recorder.write({"n": 1}, "key-7", {}), 30))
    recorder.close()
    assert TransparencyLog(tmp_path / "log").size == 2
    task.cancel()
    left.run_until_complete(asyncio.gather(task, return_exceptions=True))
    left.close()


def test_a_row_for_which_there_is_no_day_is_a_fault_and_not_waited_for(tmp_path: Path) -> None:
    writer, ring = opened(tmp_path)
    recorder = LogRecorder(writer, ring, today=lambda: date.max)

    async def tried() -> None:
        with pytest.raises(ColonnadeError, match="OverflowError"):
            await asyncio.wait_for(recorder.write({"act": "request"}, "key-7", {"user": "bake"}), 30)

    asyncio.run(tried())
    recorder.close()


def test_what_was_not_handed_over_when_the_loop_ended_is_written_at_the_close(tmp_path: Path) -> None:
    writer, ring = opened(tmp_path)
    recorder = LogRecorder(writer, ring)
    loop = asyncio.new_event_loop()
    left = loop.create_task(recorder.write({"act": "request"}, "key-7", {"user": "bake"}))
    loop.call_soon(loop.stop)
    loop.run_forever()  # one turn: the row was asked for in it, and is handed over in the next
    recorder.close()
    assert recorder.state().rows == 1
    left.cancel()
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(left)
    loop.close()
