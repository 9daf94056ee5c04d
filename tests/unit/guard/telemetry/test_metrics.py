"""What is counted, and that nobody who sends requests can make the page grow or say whom it is about."""

from __future__ import annotations

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from colonnade.guard.observing import TurnedAway
from colonnade.guard.telemetry.metrics import Known, Metrics
from tests.unit.guard.finished_rows import AT, TOOK, finished, refused, ruling, run

KNOWN = Known(
    clauses=frozenset({"cyber.intrusion"}),
    tiers=frozenset({"public", "tester"}),
    endpoints=frozenset({"chat", "completions", "responses"}),
    detectors=frozenset({"words", "patterns"}),
)


def metrics() -> Metrics:
    return Metrics(lambda: KNOWN)


def value(counted: Metrics, name: str, **labels: str) -> float | None:
    return counted.registry.get_sample_value(name, labels)


def test_a_request_is_counted_by_what_became_of_it() -> None:
    counted = metrics()
    counted.finished(finished())
    withheld = finished(replies=(ruling("reply"), refused("reply")), outcome="withheld", stream=True)
    counted.finished(withheld)
    same = {"endpoint": "chat", "tier": "public"}
    answered = same | {"outcome": "answered", "action": "allow", "stream": "false"}
    assert value(counted, "colonnade_requests_total", **answered) == 1
    held = same | {"outcome": "withheld", "action": "refuse", "stream": "true"}
    assert value(counted, "colonnade_requests_total", **held) == 1
    assert value(counted, "colonnade_responses_total", status="200") == 2


def test_every_ruling_is_counted_with_its_side_and_the_clause_that_decided() -> None:
    counted = metrics()
    counted.finished(finished(request=refused(rule="cyber.intrusion/testers"), replies=(), outcome="refused"))
    counted.finished(finished(request=refused(rule="detector failed", topic=None), replies=(), outcome="refused"))
    name = "colonnade_rulings_total"
    assert value(counted, name, side="request", clause="cyber.intrusion", action="refuse") == 1
    assert value(counted, name, side="request", clause="detector failed", action="refuse") == 1
    assert value(counted, name, side="reply", clause="cyber.intrusion", action="allow") is None


def test_detectors_are_counted_by_what_became_of_them() -> None:
    counted = metrics()
    broken = ruling(detectors=(run(), run("patterns", "timed out", 5000.0)))
    counted.finished(finished(request=broken, replies=()))
    name = "colonnade_detector_runs_total"
    assert value(counted, name, detector="words", outcome="ran") == 1
    assert value(counted, name, detector="patterns", outcome="timed out") == 1
    assert value(counted, "colonnade_detector_seconds_sum", detector="patterns") == 5.0


def test_times_are_seconds_and_what_did_not_happen_is_not_counted_as_zero() -> None:
    counted = metrics()
    counted.finished(finished())
    refused_early = TOOK._replace(upstream_first=None, upstream_all=None, guard_reply=None, all=3.0)
    counted.finished(finished(milliseconds=refused_early, replies=()))
    assert value(counted, "colonnade_guard_seconds_count", side="request") == 2
    assert value(counted, "colonnade_guard_seconds_count", side="reply") == 1
    assert value(counted, "colonnade_upstream_first_piece_seconds_count") == 1
    assert value(counted, "colonnade_upstream_first_piece_seconds_sum") == 0.12
    assert value(counted, "colonnade_held_back_seconds_count") == 0


def test_uses_of_grants_are_counted_without_naming_grant_or_holder() -> None:
    counted = metrics()
    counted.finished(finished(request=ruling(rule="grant/pentest", grant="pentest", level="recipe"), grant="pentest"))
    assert value(counted, "colonnade_grant_uses_total", clause="cyber.intrusion", level="recipe") == 1
    assert value(counted, "colonnade_rulings_total", side="request", clause="grant", action="allow") == 1
    page = counted.page()[0].decode()
    assert "pentest" not in page
    assert "key-7" not in page


def test_nobody_who_sends_requests_can_make_the_page_grow() -> None:
    counted = metrics()
    counted.finished(finished())
    for number in range(300):
        unknown = refused(rule=f"made-up-{number}", topic=f"made-up-{number}", detectors=(run(f"d{number}"),))
        row = finished(tier=f"t{number}", endpoint=f"e{number}", model=f"m{number}", principal=f"p{number}")
        counted.finished(row._replace(request=unknown, text=f"secret words {number}"))
    page = counted.page()[0].decode()
    assert "made-up" not in page
    assert "secret" not in page
    assert len(page.splitlines()) < 400
    assert value(counted, "colonnade_rulings_total", side="request", clause="other", action="refuse") == 300


def test_the_page_can_be_read_by_what_prometheus_reads_with() -> None:
    counted = metrics()
    counted.watch("observations_dropped", "What observers dropped.", lambda: 3)
    counted.finished(finished())
    page, kind = counted.page()
    assert kind.startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(page.decode())}
    assert families["colonnade_observations_dropped"].samples[0].value == 3
    assert {"colonnade_requests", "colonnade_guard_seconds", "colonnade_log_seconds"} <= families.keys()


def test_what_is_known_is_asked_anew_so_that_a_changed_policy_counts() -> None:
    clauses = {"cyber.intrusion"}
    counted = Metrics(lambda: KNOWN._replace(clauses=frozenset(clauses)))
    counted.finished(finished(request=refused(rule="cyber.new"), replies=()))
    clauses.add("cyber.new")
    counted.finished(finished(request=refused(rule="cyber.new"), replies=()))
    name = "colonnade_rulings_total"
    assert value(counted, name, side="request", clause="other", action="refuse") == 1
    assert value(counted, name, side="request", clause="cyber.new", action="refuse") == 1


def test_two_guards_in_one_process_share_nothing() -> None:
    one, two = metrics(), metrics()
    one.finished(finished())
    assert value(two, "colonnade_responses_total", status="200") is None
    assert not [family for family in REGISTRY.collect() if family.name.startswith("colonnade")]


def test_a_request_that_was_turned_away_is_counted_by_a_closed_list_of_words() -> None:
    counted = metrics()
    row = TurnedAway("ex-1", AT, "chat", "POST", 401, "missing_api_key", 0.2)
    counted.turned_away(row)
    counted.turned_away(row._replace(endpoint="", status=404, code="unknown_url"))
    counted.turned_away(row._replace(status=0, code="client_hung_up"))
    name = "colonnade_requests_turned_away_total"
    assert value(counted, name, endpoint="chat", status="401", code="missing_api_key") == 1
    assert value(counted, name, endpoint="none", status="404", code="unknown_url") == 1
    assert value(counted, name, endpoint="chat", status="none", code="client_hung_up") == 1
    assert value(counted, "colonnade_responses_total", status="401") == 1
    assert value(counted, "colonnade_requests_total") is None
    for number in range(300):
        counted.turned_away(row._replace(endpoint=f"e{number}", status=1000 + number, code=f"words of theirs {number}"))
    assert value(counted, name, endpoint="other", status="other", code="other") == 300
    assert "theirs" not in counted.page()[0].decode()
