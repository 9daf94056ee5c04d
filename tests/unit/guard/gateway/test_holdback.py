"""Whatever the pieces, what may not go out does not, and what may go out arrives whole."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.guard import Guard, HoldBack, Who, compile_table
from colonnade.guard.detection import Detection
from colonnade.guard.detection.patterns import pattern_detectors
from colonnade.guard.gateway.holdback import Ended, HeldReply, Released, Withheld
from colonnade.guard.protocol import Delta
from colonnade.guard.protocol.calls import Plainer
from colonnade.records import Clause, Pattern
from tests.unit.guard.small_policies import TODAY, clause, configuration

WORD = "zyxgorp-7731"
ANYONE = Who("anyone", "public", "general")


def patterned(**changes: object) -> Clause:
    return clause(patterns=(Pattern(name="codename", literal=WORD),), exceptions=(), **changes)


def guard_of(only: Clause) -> Guard:
    table = compile_table((only,), configuration(), "eu", TODAY)
    return Guard(table, pattern_detectors((only,)), clauses=(only,), today=lambda: TODAY)


GUARD = guard_of(patterned())
NOTHING = HoldBack()
ASKED = asyncio.run(GUARD.rule("request", "bake bread", ANYONE))


def shown(deltas: list[Delta], held: HoldBack = NOTHING, guard: Guard = GUARD) -> tuple[dict[str, str], list[str]]:
    """What goes out of each channel, and what became of the choices."""

    async def through() -> tuple[dict[str, str], list[str]]:
        reply, texts, ends = HeldReply(guard, ANYONE, ASKED, held), dict[str, str](), list[str]()
        events = [event for delta in deltas for event in await reply.feed([delta])] + await reply.finish()
        for event in events:
            match event:
                case Released(choice, channel, text):
                    texts[f"{choice} {channel}"] = texts.get(f"{choice} {channel}", "") + text
                case Ended(choice, finish):
                    ends.append(f"{choice} {finish}")
                case Withheld(choice, _, ruling):
                    ends.append(f"{choice} {ruling.action}")
        return texts, ends

    return asyncio.run(through())


def cut(text: str, sizes: list[int], choice: int = 0, channel: str = "content") -> list[Delta]:
    pieces, place, turn = [], 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        pieces.append(Delta(choice, channel, text[place : place + size]))
        place, turn = place + size, turn + 1
    return pieces


def end(choice: int = 0) -> Delta:
    return Delta(choice, "", "", "stop")


words = st.lists(st.sampled_from(["bread", "zyx", "zyxgorp", "-", "7731", "gorp-", "z", "\n", "is", "é"]), max_size=60)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@given(words, sizes, st.sampled_from(["content", "reasoning", "refusal", "tool:0"]), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_what_may_go_out_arrives_whole_in_any_pieces(
    parts: list[str], sizes: list[int], channel: str, tokens: int
) -> None:
    text = " ".join(parts)
    if GUARD._detectors._seats[1].detector.detect(text):
        return
    texts, ends = shown([*cut(text, sizes, channel=channel), end()], HoldBack(3, tokens))
    assert (texts.get(f"0 {channel}", ""), ends) == (text, ["0 stop"])


@given(words, words, sizes, st.sampled_from(["content", "reasoning", "refusal", "tool:0"]))
@settings(max_examples=150, deadline=None)
def test_a_forbidden_word_never_goes_out_in_any_pieces(
    before: list[str], after: list[str], sizes: list[int], channel: str
) -> None:
    text = f"{' '.join(before)} {WORD} {' '.join(after)}"
    texts, ends = shown([*cut(text, sizes, channel=channel), end()])
    assert WORD not in "".join(texts.values())
    assert text.startswith(texts.get(f"0 {channel}", ""))
    assert ends == ["0 deflect"]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_one_choice_that_is_withheld_leaves_the_others_alone(size: int) -> None:
    bad, good = cut(f"the word is {WORD} indeed", [size]), cut("bread is baked", [size], choice=1)
    mixed = [delta for pair in zip(bad, [*good, *[end(1)] * 99], strict=False) for delta in pair]
    texts, ends = shown([*mixed, *good[len(bad) :], end(1), end(0)])
    assert texts["1 content"] == "bread is baked"
    assert WORD not in "".join(texts.values())
    assert sorted(ends) == ["0 deflect", "1 stop"]


def test_a_tool_call_with_a_forbidden_argument_is_withheld_with_its_choice() -> None:
    call = cut(f'search\n{{"query": "{WORD}"}}', [4], channel="tool:0")
    texts, ends = shown([*cut("let me look", [4]), *call, end()])
    assert WORD not in "".join(texts.values())
    assert ends == ["0 deflect"]


HIDDEN = "nightshade-7731"


@pytest.mark.parametrize("size", [1, 3, 7, 5000])
@pytest.mark.parametrize(
    ("channel", "text"),
    [
        ("tool:0", 'open\n{"path": "C:\\' + HIDDEN + '"}'),
        ("function", "open\n" + "\\" * 701 + HIDDEN),
        ("tool:0", "open\\" + HIDDEN + "\n{}"),
        ("tool:0", 'open\n{"path": "the\\n' + HIDDEN + '"}'),
        ("tool:0", 'open\n{"path": "nights\\u0000hade-77\\b31"}'),
    ],
)
def test_a_backslash_before_a_forbidden_word_in_a_call_hides_nothing_of_it(channel: str, text: str, size: int) -> None:
    guard = guard_of(clause(patterns=(Pattern(name="codename", literal=HIDDEN),), exceptions=()))
    plainer = Plainer()  # as the readers of streams have it
    pieces = [plainer.feed(text[start : start + size]) for start in range(0, len(text), size)]
    said = [Delta(0, channel, piece) for piece in (*pieces, plainer.finish()) if piece]
    texts, ends = shown([*said, end()], guard=guard)
    assert ("31" in "".join(texts.values()), ends) == (False, ["0 deflect"])


@pytest.mark.parametrize(
    "arguments", ['{"q": "code=\\"nightshade\\" it is"}', '{"q": "code=\\u0022nightshade\\u0022"}']
)
def test_quotes_of_a_forbidden_text_are_quotes_in_a_call_too(arguments: str) -> None:
    guard = guard_of(clause(patterns=(Pattern(name="codename", find='code="[a-z]{4,20}"'),), exceptions=()))
    texts, ends = shown([*cut(f"open\n{arguments}", [5000], channel="tool:0"), end()], guard=guard)
    assert ("nightshade" in "".join(texts.values()), ends) == (False, ["0 deflect"])


@pytest.mark.parametrize("size", [1, 4, 5, 6, 7, 5000])
@pytest.mark.parametrize("channel", ["content", "reasoning", "custom:0", "tool:0"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_word_that_is_escaped_as_in_json_is_the_word_in_any_channel(channel: str, size: int, depth: int) -> None:
    before = 'open\n{"a": "bread ' if channel != "content" else '{"a": "bread '
    written = (
        "".join(f"{depth * chr(92)}u{ord(letter):04x}" for letter in "nights") + f"{depth * chr(92)}u0000hade-7731"
    )
    guard = guard_of(clause(patterns=(Pattern(name="codename", literal=HIDDEN),), exceptions=()))
    texts, ends = shown([*cut(before + written, [size], channel=channel), end()], guard=guard)
    assert ends == ["0 deflect"]
    assert len("".join(texts.values())) < len(before) + depth + 5  # nor the first letter, though its escape began


def test_backslashes_in_what_is_innocent_arrive_as_they_are() -> None:
    text = "\\nu over \\frac{a}{b}, C:\\bread\\u00, \\ud835 and \\\\u006e \\"
    texts, ends = shown([*cut(text, [1]), end()])
    assert (texts, ends) == ({"0 content": text}, ["0 stop"])


@pytest.mark.parametrize("size", [1, 7, 5000])
@pytest.mark.parametrize("nothing", ["\u200b", " ", "\\u200b"])
def test_what_cannot_be_seen_does_not_part_a_match_from_the_words_before_it(nothing: str, size: int) -> None:
    number = Pattern(name="code", find=r"(?<=the code is )[0-9]{6}")
    guard = guard_of(clause(patterns=(number,), exceptions=()))
    text = f"{'bread ' * 40}the code is{nothing * 800} 123456 and no more"
    texts, ends = shown([*cut(text, [size]), end()], guard=guard)
    assert ("123456" in "".join(texts.values()), ends) == (False, ["0 deflect"])


def test_the_last_character_waits_for_the_judgement_on_the_end() -> None:
    async def through() -> list[object]:
        reply = HeldReply(GUARD, ANYONE, ASKED, HoldBack())
        return [*await reply.feed([Delta(0, "content", "bread"), end()])]

    assert asyncio.run(through()) == [Released(0, "content", "brea")]


def test_a_window_of_tokens_stays_behind_only_where_suspicion_was_raised() -> None:
    async def first(tokens: int) -> int:
        reply = HeldReply(GUARD, ANYONE, ASKED, HoldBack(0, tokens))
        events = await reply.feed(cut("bread " * 20, [6])[:10])
        return sum(len(event.text) for event in events if isinstance(event, Released))

    assert asyncio.run(first(0)) == 59
    assert asyncio.run(first(32)) == 0


class Hearing:
    """Finds nothing, and remembers every text that it was asked about."""

    name, version, digest, slow = "hearing", "1", "sha256:0", False
    topics, reads = frozenset({"cyber.intrusion"}), frozenset({"request", "reply"})

    def __init__(self) -> None:
        self.heard: list[str] = []

    def detect(self, text: str) -> tuple[Detection, ...]:
        self.heard.append(text)
        return (Detection(None, None, 0.0),)


@given(
    st.lists(st.sampled_from(["bread", "is", "baked", "x" * 150, "\n", "ü"]), max_size=120), sizes, st.integers(0, 40)
)
@settings(max_examples=60, deadline=None)
def test_what_is_judged_is_a_matter_of_the_text_and_not_of_its_pieces(
    parts: list[str], sizes: list[int], tokens: int
) -> None:
    text, heard = " ".join(parts), []
    for pieces in ([len(text) or 1], sizes, [1]):
        hearing = Hearing()
        table = compile_table((clause(),), configuration(), "eu", TODAY)
        shown([*cut(text, pieces), end()], HoldBack(0, tokens), Guard(table, hearing))
        heard.append(hearing.heard)
    assert heard[0] == heard[1] == heard[2]
    assert all(word in "".join(heard[0]) for word in parts if word.strip())
