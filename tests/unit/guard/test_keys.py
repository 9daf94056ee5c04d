from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from colonnade.guard.keys import BYTES, Keys, StoredKey, hash_of, new_key, read_keys, write_keys
from colonnade.guard.protocol import ProtocolError
from colonnade.records import CorruptionError, InputError


def stored(key: str, **changes: object) -> StoredKey:
    fields = {"id": "lab", "hash": hash_of(key), "principal": "ana", "tier": "public", "purposes": ("general",)}
    return StoredKey.model_validate({**fields, "added": date(2026, 1, 1), **changes})


def test_a_key_is_long_and_found_by_its_hash_alone(tmp_path: Path) -> None:
    key, file = new_key(), tmp_path / "home" / "keys.jsonl"
    write_keys(file, [stored(key)])
    assert len(key) > BYTES
    assert key not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    found = Keys(read_keys(file)).principal({"authorization": f"Bearer {key}"})
    assert (found.name, found.tier, found.purposes, found.key) == ("ana", "public", ("general",), "lab")


@pytest.mark.parametrize("wrong", ["", "Bearer", "Bearer ", "Bearer x", "bearer ck-\udcff", "Token {key}"])
def test_whatever_is_not_the_key_is_a_401(wrong: str) -> None:
    key = new_key()
    with pytest.raises(ProtocolError) as caught:
        Keys([stored(key)]).principal({"authorization": wrong.format(key=key)})
    assert caught.value.status == 401


def test_a_key_holds_through_its_last_day() -> None:
    key = new_key()
    for today, holds in ((date(2026, 6, 30), True), (date(2026, 7, 1), False)):
        keys = Keys([stored(key, until=date(2026, 6, 30))], today=lambda today=today: today)
        if holds:
            assert keys.principal({"authorization": f"Bearer {key}"}).name == "ana"
        else:
            with pytest.raises(ProtocolError):
                keys.principal({"authorization": f"Bearer {key}"})


def test_a_file_that_others_may_read_or_that_is_broken_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.jsonl"
    write_keys(file, [stored("x")])
    file.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_keys(file)
    file.chmod(0o600)
    file.write_text(file.read_text(encoding="utf-8") + '{"id": 3}\n', encoding="utf-8")
    with pytest.raises(CorruptionError, match="line 2"):
        read_keys(file)
