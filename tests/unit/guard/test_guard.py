from __future__ import annotations

from datetime import date
from threading import Thread
from time import sleep

import pytest

from colonnade.guard import Guard, Who, compile_table
from colonnade.guard.cases import DETECTOR_FAILED
from colonnade.guard.detection import Detection
from colonnade.guard.detection.patterns import Patterns, pattern_detectors
from colonnade.guard.running import HEAVY
from colonnade.models.remote import to_its_end
from colonnade.records import Action, InputError, Level, Pattern, Ruling
from tests.unit.guard.nearest_examples import Detector

from .small_policies import TODAY, BrokenEncoder, WordEncoder, clause, configuration, drugs, small_guard

BREAK = "give me steps to break into the exam server"
ORDER = "order test explain session tickets intruder"


def test_a_request_above_the_ceiling_gets_the_clauses_action_and_its_rule() -> None:
    ruling = small_guard().rule_request(BREAK, "public", "general")
    assert (ruling.side, ruling.action, ruling.rule) == ("request", "deflect", "cyber.intrusion")
    assert (ruling.topic, ruling.level) == ("cyber.intrusion", Level.RECIPE)
    assert ruling.applied == ("examples/words",)
    assert ruling.similarity == pytest.approx(1, abs=1e-3)


def test_the_same_question_is_open_to_whom_the_exception_names() -> None:
    guard = small_guard()
    allowed = guard.rule_request(ORDER, "tester", "authorised-test")
    assert (allowed.action, allowed.rule) == ("allow", "cyber.intrusion/pentest")
    refused = guard.rule_request(ORDER, "public", "general")
    assert refused.action == "deflect"
    assert refused.permitted_by[0].startswith("cyber.intrusion/pentest for tier=tester")


def test_an_exception_that_lapses_while_the_service_runs_no_longer_allows() -> None:
    assert small_guard(today=date(2027, 6, 30)).rule_request(ORDER, "tester", "authorised-test").action == "allow"
    ruling = small_guard(today=date(2027, 7, 1)).rule_request(ORDER, "tester", "authorised-test")
    assert (ruling.action, ruling.rule) == ("refuse", "exception lapsed")


def test_a_text_on_no_topic_is_allowed_and_the_ruling_says_so() -> None:
    ruling = small_guard().rule_request("bake bread tomorrow", "public", "general")
    assert (ruling.action, ruling.rule, ruling.topic) == ("allow", "no topic", None)
    assert ruling.applied == ("examples/words",)


def test_a_ruling_on_nothing_is_a_record_like_any_other() -> None:
    ruling = small_guard().rule_request("bake bread tomorrow", "public", "general")
    assert Ruling(**ruling.model_dump()) == ruling
    assert Ruling.model_validate_json(ruling.model_dump_json()) == ruling
    other = small_guard().rule_request("bake bread tomorrow", "tester", "general")
    assert (other.tier, ruling.tier) == ("tester", "public")


class OneScore(Detector):
    """Finds nothing, in place, with this score."""

    score = 0.25

    def __init__(self) -> None:
        super().__init__((clause(), drugs()), WordEncoder())
        self.slow = False

    def detect(self, text: str) -> tuple[Detection, ...]:
        return (Detection(None, None, self.score),)


def guard_of(detector: Detector) -> Guard:
    return Guard(compile_table((clause(), drugs()), configuration(), "eu", TODAY), detector)


def test_a_score_that_is_no_number_lets_nothing_pass() -> None:
    detector = OneScore()
    guard = guard_of(detector)
    assert guard.rule_request("bake bread", "public", "general").similarity == 0.25
    detector.score = float("nan")
    with pytest.raises(ValueError, match="no number"):
        guard.rule_request("bake bread", "public", "general")


def test_a_conversation_that_no_detector_reads_needs_no_thread() -> None:
    guard = guard_of(OneScore())
    turns, who = ["bake bread tomorrow " * HEAVY, "bake bread"], Who("", "public", "general")
    assert to_its_end(lambda: guard.rule("request", turns[-1:], who, None, turns)).topic is None
    assert guard._detectors._pool is None
    assert to_its_end(lambda: guard.rule("request", turns[:1], who)).topic is None
    assert guard._detectors._pool is not None
    guard.close()


class Slow(OneScore):
    """Takes its time for every text."""

    def __init__(self) -> None:
        super().__init__()
        self.slow, self.read = True, 0

    def detect(self, text: str) -> tuple[Detection, ...]:
        self.read += 1
        sleep(0.02)
        return super().detect(text)


def test_a_detector_that_ran_out_of_time_leaves_the_other_texts_alone() -> None:
    detector, who = Slow(), Who("", "public", "general")
    guard = Guard(compile_table((clause(), drugs()), configuration(), "eu", TODAY), detector, limit=lambda _: 0.1)
    late = to_its_end(lambda: guard.rule("request", ["bake bread"] * 1000, who))
    assert (late.action, late.rule, late.detectors[0].outcome) == ("refuse", DETECTOR_FAILED, "timed out")
    assert guard._detectors._pool is not None
    guard._detectors._pool.shutdown()  # waits for the thread
    assert 1 <= detector.read < 20


def test_where_there_is_no_thread_left_for_a_detector_its_clauses_say_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = guard_of(Slow())

    def none_left(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", none_left)
    ruling = to_its_end(lambda: guard.rule("request", "bake bread", Who("", "public", "general")))
    assert (ruling.action, ruling.rule, ruling.detectors[0].outcome) == ("refuse", DETECTOR_FAILED, "failed")


@pytest.mark.parametrize(("tier", "purpose"), [("wizard", "general"), ("public", "fun"), ("", "")])
def test_an_unknown_tier_or_purpose_is_refused_whatever_is_asked(tier: str, purpose: str) -> None:
    ruling = small_guard().rule_request("bake bread tomorrow", tier, purpose)
    assert (ruling.action, ruling.rule, ruling.applied) == ("refuse", "default deny", ())


def test_a_topic_that_is_not_in_the_table_is_refused() -> None:
    table = compile_table((drugs(),), configuration(), "eu", TODAY)
    guard = Guard(table, Detector((clause(), drugs()), WordEncoder()))
    ruling = guard.rule_request("who protects the exam server", "public", "general")
    assert (ruling.action, ruling.rule) == ("refuse", "default deny")


def test_a_table_with_a_topic_that_nobody_detects_is_refused() -> None:
    table = compile_table((clause(), drugs()), configuration(), "eu", TODAY)
    with pytest.raises(InputError, match=r"cyber.intrusion.*no examples"):
        Guard(table, Detector((drugs(),), WordEncoder()))


def test_a_table_without_a_reply_for_an_action_is_refused() -> None:
    table = compile_table((drugs(),), configuration(), "eu", TODAY)
    with pytest.raises(InputError, match="no reply for 'escalate'"):
        Guard(table.model_copy(update={"replies": table.replies[:-1]}), Detector((drugs(),), WordEncoder()))


class Panic(BaseException):
    """Of a library in another language, which asks not to be caught."""


@pytest.mark.parametrize("fault", [RuntimeError("out of memory"), ValueError("x"), KeyError("y"), Panic("index 3")])
def test_a_detector_that_fails_refuses_and_is_not_listed_as_run(fault: BaseException) -> None:
    encoder = BrokenEncoder()
    guard = small_guard(encoder)
    encoder.fault = fault
    ruling = guard.rule_request("bake bread tomorrow", "public", "general")
    assert (ruling.action, ruling.rule, ruling.applied) == ("refuse", "detector failed", ())
    assert "examples/words" in ruling.reason
    assert type(fault).__name__ in ruling.reason


@pytest.mark.parametrize("length", [1, HEAVY])
def test_a_panic_of_a_pattern_holds_a_reply_back(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    row = clause(patterns=(Pattern(name="word", literal="nightshade"),), exceptions=())
    guard = Guard(compile_table((row,), configuration(), "eu", TODAY), pattern_detectors((row,)), clauses=(row,))
    who = Who("", "public", "general")
    asked = to_its_end(lambda: guard.rule("request", "bake bread", who))

    def panic(*_: object) -> None:
        raise Panic("index 3")

    monkeypatch.setattr(Patterns, "find", panic)
    monkeypatch.setattr(Patterns, "pending", panic)
    text = "bread " * length
    ruling = to_its_end(lambda: guard.rule_patterns(text, 0, False, who, asked))
    assert ruling is not None
    assert (ruling.rule, ruling.detectors[0].outcome) == (DETECTOR_FAILED, "failed")
    assert to_its_end(lambda: guard.under_way(text, 2)) == 2


def test_whoever_ends_the_service_is_no_fault_of_a_detector() -> None:
    encoder = BrokenEncoder()
    guard = small_guard(encoder)
    encoder.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        guard.rule_request("bake bread tomorrow", "public", "general")


def test_a_reply_is_judged_on_its_own_topic() -> None:
    guard = small_guard()
    asked = guard.rule_request("bake bread tomorrow", "public", "general")
    reply = guard.rule_reply(BREAK, asked, "public", "general")
    assert (reply.side, reply.action, reply.topic) == ("reply", "deflect", "cyber.intrusion")
    assert guard.rule_reply("bread is baked", asked, "public", "general").action == "allow"


def test_no_reply_goes_out_to_a_request_that_was_not_allowed() -> None:
    guard = small_guard()
    asked = guard.rule_request(BREAK, "public", "general")
    reply = guard.rule_reply("bread is baked", asked, "public", "general")
    assert (reply.side, reply.action, reply.rule, reply.applied) == ("reply", "deflect", "cyber.intrusion", ())


def test_one_window_that_is_not_allowed_decides_for_the_whole_text() -> None:
    text = "bread " * 200 + (BREAK + " ") * 8 + "bread " * 200
    assert small_guard().rule_request(text, "public", "general").action == "deflect"


def test_answers_come_in_the_language_asked_for_or_the_first_there_is() -> None:
    guard = small_guard()
    ruling = guard.rule_request("give me steps to cook pills in a kitchen", "public", "general")
    assert ruling.action is Action.REFUSE
    answers = {language: guard.answer_for(ruling, language) for language in ("de", "de-AT", "DE", "en", "fr", "")}
    assert answers == {"de": "Nein.", "de-AT": "Nein.", "DE": "Nein.", "en": "No.", "fr": "No.", "": "No."}
    with pytest.raises(ValueError, match="allowed"):
        guard.answer_for(guard.rule_request("bread", "public", "general"), "en")


class _Wavering(Detector):
    """Finds the topic in everything, as strongly as it is told."""

    strong = True

    def detect(self, text: str) -> tuple[Detection, ...]:
        if text == "bake bread":
            return (Detection(None, None, 0.0),)
        return (Detection("cyber.intrusion", Level.RECIPE, 0.4, certain=False, strong=self.strong),)


@pytest.mark.parametrize(
    ("asked", "strong", "action"),
    [
        ("bake bread", False, "allow"),  # chance
        ("bake bread", True, "deflect"),
        ("tell me about intruders", False, "deflect"),  # the request came near it
    ],
)
def test_a_weak_finding_in_a_reply_counts_where_the_request_came_near_a_topic(
    asked: str, strong: bool, action: str
) -> None:
    table = compile_table((clause(),), configuration(), "eu", TODAY)
    detector = _Wavering((clause(),), WordEncoder())
    detector.strong = strong
    guard = Guard(table, detector)
    request = guard.rule_request("bake bread", "public", "general")
    if asked != "bake bread":
        request = request.model_copy(update={"topic": "cyber.intrusion", "level": Level.OVERVIEW})
    ruling = guard.rule_reply("any reply", request, "public", "general")
    assert (ruling.action, ruling.topic) == (action, None if action == "allow" else "cyber.intrusion")
