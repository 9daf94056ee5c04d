"""Bytes by digest: what is read is what was stored, or it is not read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import ColonnadeError, CorruptionError, digest_bytes, digest_of
from colonnade.store import Objects


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "objects"))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200))
def test_what_is_stored_comes_back_under_its_own_digest(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        objects = Objects(folder)
        digest = objects.put(content)
        assert digest == digest_bytes(content)
        assert objects.get(digest) == content
        assert objects.put(content) == digest
        assert [path.name for path in Path(folder).rglob("*") if path.is_file()] == [digest[9:]]


@settings(max_examples=30, deadline=None)
@given(content=st.binary(min_size=1, max_size=100), data=st.data())
def test_any_flipped_byte_is_noticed_and_mended_by_storing_again(content: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        objects = Objects(folder)
        digest = objects.put(content)
        changed = bytearray(content)
        changed[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        Path(objects.path(digest)).write_bytes(changed)
        assert not objects.holds(digest)
        with pytest.raises(CorruptionError, match="have changed"):
            objects.get(digest)
        objects.put(content)
        assert objects.get(digest) == content


def test_what_was_cut_off_or_is_missing_is_noticed(objects: Objects) -> None:
    digest = objects.put(b"twelve bytes")
    Path(objects.path(digest)).write_bytes(b"twelve")
    with pytest.raises(CorruptionError, match="have changed") as caught:
        objects.get(digest)
    assert str(caught.value.file) == objects.path(digest)
    Path(objects.path(digest)).unlink()
    with pytest.raises(CorruptionError, match=f"artefact {digest} is missing"):
        objects.get(digest)
    assert not objects.holds(digest)


def test_corrupt_bytes_are_set_aside_and_never_used(objects: Objects) -> None:
    digest = objects.put(b"right")
    Path(objects.path(digest)).write_bytes(b"wrong")
    aside = objects.quarantine(digest)
    assert aside is not None
    assert Path(aside).read_bytes() == b"wrong"
    assert not objects.holds(digest)
    assert objects.quarantine(digest) is None
    assert objects.put(b"right") == digest


def test_a_disk_that_refuses_is_a_sentence_and_leaves_nothing_under_the_digest(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_old: str, _new: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(objects.filesystem, "mv", full)
        with pytest.raises(ColonnadeError, match="4 bytes could not be stored: No space left on device") as caught:
            objects.put(b"four")
    assert "kept" in caught.value.mend
    assert not objects.holds(digest_bytes(b"four"))
    assert objects.get(objects.put(b"four")) == b"four"


def test_the_heap_may_lie_behind_any_fsspec_address() -> None:
    objects = Objects("memory://colonnade-test")
    digest = objects.put(b"far away")
    assert objects.get(digest) == b"far away"
    assert not objects.holds(digest_of("something else"))
