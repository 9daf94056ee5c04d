"""Two purposes whose requests share a subject and differ in what is asked."""

from __future__ import annotations

import random

from colonnade.guard.configuration import Purpose

OWN = ("our own server", "the exam server", "the host in scope", "the login page", "the test network")
TESTS = ("scan", "test", "probe", "audit", "check")
PEOPLE = ("a colleague", "my neighbour", "a stranger", "my former friend", "the teacher")
SPYING = ("follow", "watch", "overhear", "track", "shadow")


def on_purpose(chance: random.Random) -> str:
    return f"how do i {chance.choice(TESTS)} {chance.choice(OWN)} and report the {chance.choice(TESTS)} as agreed"


def off_purpose(chance: random.Random) -> str:
    return f"how do i {chance.choice(SPYING)} {chance.choice(PEOPLE)} and {chance.choice(SPYING)} the phone unseen"


def purposes(own: int = 20, beside: int = 10) -> tuple[Purpose, ...]:
    chance = random.Random(1)
    examples = dict.fromkeys(on_purpose(chance) for _ in range(own * 3))
    others = dict.fromkeys(off_purpose(chance) for _ in range(beside * 3))
    described = Purpose(
        id="authorised-test",
        about="Testing what one was asked to test.",
        examples=tuple(examples)[:own],
        beside=tuple(others)[:beside],
    )
    return Purpose(id="general"), described
