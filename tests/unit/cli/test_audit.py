"""The commands of the audit log, from the first key to the erased prompt."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from colonnade.cli.application import application
from colonnade.records import InputError
from colonnade.store.log import Entry, KeyRing, TransparencyLog, create_log, seal_contents
from colonnade.store.log.secrets import read_secret
from colonnade.store.log.segments import body_of, segment_files
from tests.workspaces import GUARD


def audit(*arguments: object, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(application, ["audit", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result


class House:
    """A log with two rows of two people, and all that its keeper needs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.keys = folder, folder / "log", folder / "keys"
        self.private, self.secret = folder / "log.pem", folder / "secret"
        self.public = audit("key", self.private, "--name", "example.com/guard").stdout.strip()
        audit("key", self.secret, "--secret")
        create_log(self.log, "example.com/guard")
        ring, log = KeyRing(self.keys, read_secret(self.secret), self.log), TransparencyLog(self.log)
        for subject in ("alice", "bob"):
            sealed = seal_contents(ring, subject, date(2020, 1, 1), {"prompt": f"{subject} asks"})
            log.append_entries(
                [Entry(body_of({"action": "allow", "contents": sealed.references, "principal": subject}), sealed.lines)]
            )
        log.close()
        self.with_keys = ("--log", self.log, "--keys", self.keys, "--secret", self.secret)

    def checkpoint(self) -> str:
        return audit("checkpoint", "--log", self.log, "--key", self.private).stdout


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def own(house: House) -> Path:
    """A workspace whose service writes the log."""
    folder = house.folder / "ws"
    keys = folder / ".colonnade" / "audit-keys"
    keys.mkdir(parents=True, mode=0o700)
    (folder / "launch.yaml").write_text("")
    (folder / "guard.yaml").write_text(GUARD)
    house.log.rename(folder / ".colonnade" / "audit-log")
    house.keys.rename(keys / "people")
    house.secret.rename(keys / "secret")
    house.private.rename(keys / "log.pem")
    return folder


def test_every_command_takes_a_workspace_for_its_own_log_with_its_own_keys(
    house: House, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, witnessing = witness_of(house)
    row, at = tmp_path / "row", ("--log", own)
    said = ("--reason", "asked", "--as", "officer")
    assert json.loads(audit("checkpoint", "--json", *at).stdout)["size"] == 2
    audit("prove", 0, "--reveal", "--out", row, *at)
    assert "prompt: alice asks" in audit("verify", row, "--log-key", house.public).stdout
    audit("witness", own, *witnessing)
    assert "1 cosigned checkpoint is kept" in audit("cosigned", *at).stdout
    audit("hold", "case-7", "--subject", "bob", *said, *at)
    assert "case-7" in audit("hold", "-w", own).stdout
    assert "1 key is destroyed" in audit("erase", "--subject", "alice", *said, *at).stdout
    assert "0 problems" in audit("verify", *at).stdout
    monkeypatch.chdir(own)
    assert "0 problems" in audit("verify", "--log-key", house.public).stdout
    monkeypatch.chdir(own / ".colonnade")
    assert "case-7" in audit("hold").stdout, "'audit-log' of the present folder, as before"


def test_a_place_without_a_log_is_told_where_one_would_lie(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no audit log here, and no workspace"):
        audit("verify", tmp_path)
    (tmp_path / "launch.yaml").write_text("")
    (tmp_path / "guard.yaml").write_text(GUARD)
    with pytest.raises(InputError, match=r"it would lie in .*/\.colonnade/audit-log\. 'colonnade serve' makes it"):
        audit("prove", 0, "--log", tmp_path)
    (tmp_path / "guard.yaml").write_text(GUARD + "log: none\n")
    with pytest.raises(InputError, match="log: none"):
        audit("hold", "--log", tmp_path)


def test_without_the_key_it_is_said_what_is_not_shown_and_where_the_key_is(house: House, own: Path) -> None:
    audit("checkpoint", "--log", own)
    said = " ".join(audit("verify", own).stdout.split())
    assert "whoever can write there could have made log and key anew. '--log-key' takes the key that was" in said
    assert "could have made" not in audit("verify", own, "--log-key", house.public).stdout
    told = json.loads(audit("verify", own, "--json").stdout)
    assert (told["log_key"], told["log_key_named"], told["problems"]) == (house.public, False, [])
    (own / ".colonnade" / "audit-keys" / "log.pub").write_text(house.public + "\n")
    (own / ".colonnade" / "audit-keys" / "log.pem").unlink()
    assert "0 problems" in audit("verify", own).stdout, "the public key is enough"
    log = own / ".colonnade" / "audit-log"
    with pytest.raises(InputError, match=r"a log that somebody wrote anew .* 'colonnade serve' prints it"):
        audit("verify", log)
    assert "could have made" not in audit("verify", log, "--log-key", own / ".colonnade/audit-keys/log.pub").stdout


def test_whoever_asks_for_somebody_unknown_is_told_whose_contents_there_are(house: House) -> None:
    who = ("--subject", "anonymous", "--reason", "asked", "--as", "officer")
    with pytest.raises(InputError) as caught:
        audit("erase", *who, *house.with_keys)
    assert "nothing is kept of 'anonymous': there is no key. Something is kept of alice, bob." in caught.value.sentence
    audit("erase", "--subject", "bob", *who[2:], *house.with_keys)
    assert "Something is kept of alice." in audit("hold", "case-7", *who, *house.with_keys).stderr
    ring = KeyRing(house.keys, read_secret(house.secret), house.log)
    log = TransparencyLog(house.log)
    sealed = seal_contents(ring, "anyone", date(2020, 1, 1), {"prompt": "hello"})
    log.append_entries([Entry(body_of({"contents": sealed.references, "principal": "anyone"}), sealed.lines)])
    log.close()
    audit("hold", "case-7", "--lift", *who[2:], "--log", house.log)
    with pytest.raises(InputError, match=r"alice, anyone \(whoever asks while there are no API keys\)\."):
        audit("erase", *who, *house.with_keys)


def test_a_proof_is_verified_with_the_public_key_alone(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    proof = tmp_path / "row.tlog-proof"
    audit("prove", 1, "--log", house.log, "--out", proof)
    told = json.loads(audit("verify", proof, "--log-key", house.public, "--json").stdout)
    assert (told["line"]["index"], told["size"], told["texts"]) == (1, 2, {})
    assert told["signed_by"] == ["example.com/guard"]
    assert "bob asks" not in proof.read_text()
    for place in range(0, len(proof.read_bytes()), 31):
        content = bytearray(proof.read_bytes())
        content[place] ^= 1
        (tmp_path / "changed").write_bytes(content)
        with pytest.raises(InputError):
            audit("verify", tmp_path / "changed", "--log-key", house.public)


def test_a_text_is_revealed_only_where_the_keeper_says_so(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    proof = tmp_path / "row.tlog-proof"
    audit("prove", 0, "--reveal", *house.with_keys, "--out", proof)
    said = audit("verify", proof, "--log-key", house.public).stdout
    assert "Row 0 of 2" in said
    assert "prompt: alice asks" in said


def test_a_whole_log_verifies_and_a_changed_one_ends_with_1(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    (tmp_path / "key").write_text(house.public + "\n")
    told = audit("verify", house.log, "--log-key", tmp_path / "key", *house.with_keys[2:]).stdout
    assert "2 texts can be read" in told
    assert "0 problems" in told
    (file,) = segment_files(house.log)
    file.write_bytes(file.read_bytes().replace(b"allow", b"allov", 1))
    said = audit("verify", house.log, "--log-key", house.public, exit_code=1).stdout
    assert "row 0" in said


def test_erasing_ends_reading_and_not_proving(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    audit("prove", 0, "--log", house.log, "--out", tmp_path / "before")
    who = ("--subject", "alice", "--reason", "asked", "--as", "officer")
    assert "1 key is destroyed; row 2" in audit("erase", *who, *house.with_keys).stdout
    house.checkpoint()
    audit("prove", 0, "--reveal", *house.with_keys, "--out", tmp_path / "after")
    for name in ("before", "after"):
        said = audit("verify", tmp_path / name, "--log-key", house.public).stdout
        assert "alice asks" not in said
    told = json.loads(audit("verify", house.log, "--log-key", house.public, *house.with_keys[2:], "--json").stdout)
    assert (told["problems"], told["contents"]["held"], told["contents"]["erased"]) == ([], 1, 1)


def test_a_hold_is_placed_listed_obeyed_and_lifted(house: House) -> None:
    said = ("--reason", "a court asked", "--as", "counsel")
    audit("hold", "case-7", "--subject", "bob", *said, *house.with_keys)
    assert "case-7" in audit("hold", "--log", house.log).stdout
    with pytest.raises(InputError, match="case-7"):
        audit("erase", "--subject", "bob", "--reason", "asked", "--as", "officer", *house.with_keys)
    assert "1 key is" in audit("erase", "--expired", "--as", "sweeper", *house.with_keys).stdout
    audit("hold", "case-7", "--lift", *said, "--log", house.log)
    assert json.loads(audit("hold", "--log", house.log, "--json").stdout) == []
    assert "1 key is" in audit("erase", "--expired", "--as", "sweeper", *house.with_keys).stdout
    assert "nothing was erased" in audit("erase", "--expired", "--as", "sweeper", *house.with_keys).stdout


def add_rows(house: House, count: int = 1) -> None:
    log = TransparencyLog(house.log)
    log.append([{"n": number} for number in range(count)])
    log.close()


def witness_of(house: House) -> tuple[str, tuple[object, ...]]:
    """A witness's public key, and the options with which it looks at the log."""
    pem = house.folder / "w.pem"
    cosigner = audit("key", pem, "--name", "witness.example.com/w1", "--witness").stdout.strip()
    options = ("--log-key", house.public, "--name", "witness.example.com/w1", "--key", pem)
    return cosigner, (*options, "--state", house.folder / "state")


def test_what_a_witness_cosigned_outlives_the_next_checkpoint_of_the_service(house: House) -> None:
    house.checkpoint()
    cosigner, options = witness_of(house)
    asked = ("verify", house.log, "--log-key", house.public, "--witness-key", cosigner)
    assert "no checkpoint here that holds was cosigned" in audit(*asked, exit_code=1).stdout
    note = audit("witness", house.log / "checkpoint", *options).stdout
    (kept,) = (file for file in (house.log / "cosigned").iterdir() if file.name != "lock")
    assert kept.read_text() == note
    add_rows(house)
    assert house.checkpoint() != note
    assert kept.read_text() == note
    told = json.loads(audit(*asked, "--json").stdout)
    assert [(row["witness"], row["size"]) for row in told["witnessed"]] == [("witness.example.com/w1", 2)]
    assert "witness.example.com/w1 cosigned 2 rows" in audit(*asked).stdout
    proof = house.folder / "proof"
    audit("prove", 1, "--log", house.log, "--witness-key", cosigner, "--out", proof)
    signed_by = json.loads(audit("verify", proof, *asked[2:], "--json").stdout)["signed_by"]
    assert signed_by == ["example.com/guard", "witness.example.com/w1"]
    with pytest.raises(InputError, match="row 2 came after the last checkpoint that was cosigned"):
        audit("prove", 2, "--log", house.log, "--witness-key", cosigner)
    assert audit("prove", "--log", house.log, "--witness-key", cosigner).stdout.startswith("old 2\n")


def test_a_witness_on_another_machine_is_brought_to_the_log(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    cosigner, options = witness_of(house)
    elsewhere = tmp_path / "fetched"
    elsewhere.mkdir()
    (elsewhere / "checkpoint").write_bytes((house.log / "checkpoint").read_bytes())
    looked = audit("witness", elsewhere / "checkpoint", *options)
    assert "colonnade audit cosigned" in looked.stderr
    assert not (house.log / "cosigned").exists()
    (tmp_path / "note").write_text(looked.stdout)
    bring = ("cosigned", tmp_path / "note", "--log", house.log)
    for wrong in (bring, (*bring, "--log-key", house.public), (*bring, "--witness-key", cosigner)):
        with pytest.raises(InputError):
            audit(*wrong)
    assert not (house.log / "cosigned").exists()
    keys = ("--log-key", house.public, "--witness-key", cosigner)
    assert "Kept for witness.example.com/w1: 2 rows" in audit(*bring, *keys).stdout
    assert "1 cosigned checkpoint is kept" in audit("cosigned", "--log", house.log).stdout
    audit("verify", house.log, *keys)


def test_consistency_is_proven_in_the_form_that_other_witnesses_take(house: House) -> None:
    note = house.checkpoint()
    proof = audit("prove", "--since", 1, "--log", house.log).stdout
    assert proof.startswith("old 1\n")
    assert proof.endswith(note)


def test_what_is_asked_wrongly_is_said(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    for arguments in (
        ("prove", "--log", house.log),
        ("prove", 9, "--log", house.log),
        ("prove", 0, "--log", tmp_path / "nothing"),
        ("prove", "--since", 9, "--log", house.log),
        ("prove", "--since", 1, "--witness-key", house.public, "--log", house.log),
        ("prove", 0, "--witness-key", house.public, "--log", house.log),
        ("cosigned", tmp_path / "nothing", "--log", house.log, "--log-key", house.public),
        ("cosigned", "--log", tmp_path / "nothing"),
        ("prove", 0, "--reveal", "--log", house.log),
        ("verify", tmp_path / "nothing", "--log-key", house.public),
        ("verify", house.log, "--log-key", "no key"),
        ("erase", *house.with_keys),
        ("key", tmp_path / "x"),
        ("key", tmp_path / "x", "--name", "a b"),
        ("key", house.secret, "--secret"),
    ):
        with pytest.raises(InputError):
            audit(*arguments)
    assert not (tmp_path / "x").exists()


def everything_below(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() if file.is_file() else b"" for file in sorted(folder.rglob("*"))}


def test_every_mistake_is_a_sentence_that_mends_it_and_writes_nothing(house: House, tmp_path: Path) -> None:
    house.checkpoint()
    _, witnessing = witness_of(house)
    (tmp_path / "empty").mkdir(mode=0o700)
    audit("key", tmp_path / "other.pem", "--name", "example.com/guard")
    other = audit("key", tmp_path / "third.pem", "--name", "other.example.com/x").stdout.strip()
    log, keys, secret = ("--log", house.log), ("--keys", house.keys), ("--secret", house.secret)
    alice, by = ("--subject", "alice", "--reason", "r", "--as", "o"), ("--reason", "r", "--as", "o")
    mistakes: list[tuple[tuple[object, ...], str]] = [
        (("erase", *alice), "there is no audit log here, and no workspace"),
        (("erase", *alice, *log), "Name their folder with '--keys'"),
        (("erase", *alice, *log, "--keys", tmp_path / "empty", *secret), "with keyring.json in it"),
        (("erase", *alice, *log, *keys), "'--secret-variable'"),
        (("erase", *alice, *log, *keys, *secret, "--secret-variable", "X"), "named twice"),
        (("erase", *alice[:4], *house.with_keys), "with '--as'"),
        (("erase", "--subject", "alice", "--as", "o", *house.with_keys), "with '--reason'"),
        (("erase", "--expired", *by, *house.with_keys), "'--reason' is not asked for with '--expired'"),
        (("hold", "--lift", *log), "'--lift' is for one hold"),
        (("hold", "c", "--lift", *alice, *log), "'--subject' is for placing a hold"),
        (("hold", " ", *by, *log), "needs an id"),
        (("checkpoint", "--key", tmp_path / "other.pem", *log), "not the key that the log's last checkpoint"),
        (("verify", house.log, "--log-key", house.public, *secret), "'--secret' is for the keys"),
        (("verify", house.log, "--log-key", other), "this log is 'example.com/guard'"),
        (("prove", 0, *log, *keys), "'--keys' is for '--reveal'"),
        (("prove", "--since", 1, "--reveal", *log), "'--reveal' needs a row"),
        (("witness", tmp_path / "nothing", *witnessing), "cannot be fetched"),
        (("cosigned", house.log / "checkpoint", *log, "--log-key", house.public), "no witness is named"),
        (("key", house.log / "k.pem", "--name", "a"), "a key must not lie in a log"),
        (("key", tmp_path / "x", "--secret", "--witness"), "'--witness' is for a key to sign with"),
        (("key", tmp_path / "x", "--name", "a+b"), "'a+b' cannot be the name"),
    ]
    before = everything_below(tmp_path)
    for words, said in mistakes:
        with pytest.raises(InputError) as caught:
            audit(*words)
        assert said in caught.value.sentence, caught.value.sentence
        assert caught.value.exit_status == 2
        assert "\n" not in caught.value.sentence
    assert everything_below(tmp_path) == before


def test_a_proof_file_that_is_not_there_is_said(house: House) -> None:
    house.checkpoint()
    _, witnessing = witness_of(house)
    audit("witness", house.log / "checkpoint", *witnessing)
    add_rows(house)
    house.checkpoint()
    with pytest.raises(InputError, match="cannot be fetched"):
        audit("witness", house.log / "checkpoint", *witnessing, "--proof", house.folder / "nothing")


def test_one_of_a_thing_is_said_in_the_singular(house: House) -> None:
    house.checkpoint()
    add_rows(house)
    said = audit("verify", house.log, "--log-key", house.public, *house.with_keys[2:]).stdout
    assert "3 rows, 2 checkpoints; 2 are vouched for." in said
    assert "1 row came after" in said
    audit("hold", "c", "--reason", "r", "--as", "o", "--log", house.log)
    assert "1 hold stands." in audit("hold", "--log", house.log).stdout
