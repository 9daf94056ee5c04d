"""Erasing, keeping until a day, and holding: who may destroy which key, and the row that says so.

A legal hold stands in the log itself, and lasts until it is lifted there. Before a day of retention
is over a key is destroyed only for a reason that overrides it; under a hold never. The row is
written before the key is destroyed: a crash between the two leaves a key that was said to be
destroyed, and erasing again finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.records import InputError, canonical_json
from colonnade.store.log.appending import Entry, TransparencyLog
from colonnade.store.log.keyring import KeyRing, SubjectKey
from colonnade.store.log.segments import ACT, acts

HOLD, LIFT, ERASE = "hold", "lift", "erase"


class Hold(NamedTuple):
    """Something that must not be erased.

    Attributes:
        id: of the case.
        tag: the subject's, or empty where everybody's contents are held.
        reason: why.
        by: who said so.
        since: when.
    """

    id: str
    tag: str
    reason: str
    by: str
    since: datetime


class Erased(NamedTuple):
    """What was erased, and the row that says so."""

    keys: tuple[str, ...]
    row: int | None


def holds(folder: Path) -> tuple[Hold, ...]:
    """All holds that stand, oldest first."""
    standing: dict[str, Hold] = {}
    for act in acts(folder):
        content = act.content
        if content[ACT] == HOLD:
            said = (content["hold"], content["subject"], content["reason"], content["by"])
            standing[content["hold"]] = Hold(*said, act.at)
        elif content[ACT] == LIFT:
            standing.pop(content["hold"], None)
    return tuple(standing.values())


def place_hold(log: TransparencyLog, id_: str, tag: str, reason: str, by: str) -> int:
    """Forbid erasing, of one subject or of everybody; gives the index of the row.

    Args:
        log: the log.
        id_: of the case.
        tag: of the subject, by ``KeyRing.tag``; empty for everybody.
        reason: why; stands in the log for good, so it should name nobody.
        by: who says so.

    Raises:
        InputError: where the id is taken, or something is not said.
    """
    if not id_.strip():
        raise InputError("this needs an id, and there is none.", mend="Take the one of the case.")
    _check_said(by, reason)
    with log.turn:
        if any(hold.id == id_ for hold in holds(log.folder)):
            mend = "Choose another id, or lift the one that stands."
            raise InputError(f"the hold '{id_}' stands already.", mend=mend)
        return _write(log, {ACT: HOLD, "hold": id_, "subject": tag, "reason": reason, "by": by})


def lift_hold(log: TransparencyLog, id_: str, reason: str, by: str) -> int:
    """End a hold; gives the index of the row.

    Raises:
        InputError: where no such hold stands, or something is not said.
    """
    _check_said(by, reason)
    with log.turn:
        standing = holds(log.folder)
        if all(hold.id != id_ for hold in standing):
            known = ", ".join(hold.id for hold in standing) or "none"
            raise InputError(f"no hold '{id_}' stands.", mend=f"Standing are: {known}.")
        return _write(log, {ACT: LIFT, "hold": id_, "reason": reason, "by": by})


def erase_subject(
    log: TransparencyLog, ring: KeyRing, subject: str, reason: str, by: str, override: str = ""
) -> Erased:
    """Destroy all keys of a subject: what they wrote and were answered can be read by nobody after.

    Args:
        log: the log; gets a row with the ids of the keys.
        ring: the keys.
        subject: whose contents.
        reason: why; stands in the log for good, so it should name nobody.
        by: who does it.
        override: why before the day until which it is to be kept; not needed after.

    Raises:
        InputError: where a hold or the day of retention forbids it, with the reason; nothing is erased then.
    """
    _check_said(by, reason)
    with log.turn:
        tag, keys = ring.tag(subject), ring.keys_of(subject)
        if not keys:
            what = "nothing is kept of this subject: there is no key."
            raise InputError(what, mend="Check the name; it must be the one that the service uses.")
        _refuse_held(holds(log.folder), tag)
        today = log.now().date()
        kept = [key for key in keys if key.retain_until > today]
        if kept and not override.strip():
            until = max(key.retain_until for key in kept)
            what = f"what {subject!r} wrote and was answered is to be kept until {until}."
            raise InputError(what, mend="Wait, or say with '--override' which duty goes before that of keeping it.")
        return _erase(log, ring, keys, reason, by, override)


def erase_expired(log: TransparencyLog, ring: KeyRing, by: str) -> Erased:
    """Destroy all keys whose day is over, except those under a hold."""
    _check_said(by)
    with log.turn:
        standing = holds(log.folder)
        everybody = any(not hold.tag for hold in standing)
        held = {hold.tag for hold in standing}
        today = log.now().date()
        over = [(tag, key) for tag, key in ring.all_keys().values() if key.retain_until <= today]
        keys = [] if everybody else [key for tag, key in over if tag not in held]
        return (
            _erase(log, ring, keys, "the day until which it was to be kept is over", by) if keys else Erased((), None)
        )


def _erase(
    log: TransparencyLog, ring: KeyRing, keys: Sequence[SubjectKey], reason: str, by: str, override: str = ""
) -> Erased:
    ids = tuple(sorted(key.id for key in keys))
    row = _write(log, {ACT: ERASE, "keys": list(ids), "reason": reason, "override": override, "by": by})
    ring.destroy(keys)
    return Erased(ids, row)


def _refuse_held(standing: Sequence[Hold], tag: str) -> None:
    for hold in standing:
        if hold.tag in ("", tag):
            whose = "everybody's contents are" if not hold.tag else "this subject's contents are"
            what = f"{whose} under the legal hold '{hold.id}' of {hold.since:%Y-%m-%d}: {hold.reason}."
            mend = f"It has to be lifted first: 'colonnade audit hold {hold.id} --lift'."
            raise InputError(what, mend=mend)


def _check_said(by: str, reason: str | None = None) -> None:
    """Who does it, and where it is asked for why, has to be said."""
    if reason is not None and not reason.strip():
        raise InputError("this needs a reason, and there is none.", mend="Say why with '--reason'; name nobody.")
    if not by.strip():
        raise InputError("nobody says who does this.", mend="Say who you are with '--as'; it stands in the log.")


def _write(log: TransparencyLog, content: Mapping[str, Any]) -> int:
    return log.append_entries([Entry(canonical_json(dict(content)))])[0]
