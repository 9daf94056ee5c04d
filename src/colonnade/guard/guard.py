"""The guard: what may be asked and what may be answered, ruled by the table, fail closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from colonnade.guard.access.desk import Holder
from colonnade.guard.cases import (
    DETECTOR_FAILED,
    GAVE_UP,
    GRANT_REFUSED,
    NO_TOPIC,
    RANKS,
    STRICTNESS,
    Case,
    Who,
    goes_no_further,
    no_topic,
    rank_of,
    reason_of,
    refusal,
    strictness,
)
from colonnade.guard.detection import Detection, Detector, Judge
from colonnade.guard.judging import Question, ask_judge
from colonnade.guard.running import LIMIT, Detectors, Findings, Side
from colonnade.guard.table import DEFAULT_DENY, EXCEPTION_LAPSED, Lookup, lapsed, permits
from colonnade.guard.topics import is_ungrantable
from colonnade.models.remote import to_its_end
from colonnade.records import (
    Action,
    Cell,
    Clause,
    DetectorRun,
    Digest,
    GuardTable,
    InputError,
    Level,
    Ruling,
    digest_of,
)

TOKENS = 32
"""What a reply is held back by where the request raised suspicion and its clause does not say more."""


class HoldBack(NamedTuple):
    """How much of a reply stays behind what was judged of it.

    Attributes:
        characters: for patterns, always.
        tokens: for classifiers, only where the request raised suspicion.
    """

    characters: int = 0
    tokens: int = 0


class Guard:
    """Rules on requests and replies.

    Every detector judges every text, and one detection that is not allowed decides; of several the
    strictest. Nothing passes unjudged: where a detector fails the clauses that it watches say what
    follows, and to refuse is what they say unless they say more; where the table has no cell, or an
    exception has lapsed since it was compiled, the ruling is to refuse.

    Args:
        table: the compiled policies.
        detectors: one or several, made from the same clauses.
        today: the day, asked for at every ruling; a service may run longer than an exception holds.
        clauses: those of the table; what a failure comes to, what a judge reads and how much is held back.
        judge: asked where a detection is uncertain and its cell closed; the clause's action stands without.
        limit: seconds for a detector that is not in place, by its name.

    Raises:
        InputError: where the table limits a topic that no detector can recognise, or an action
            has no reply.
    """

    def __init__(
        self,
        table: GuardTable,
        detectors: Detector | Sequence[Detector],
        today: Callable[[], date] = date.today,
        *,
        clauses: Iterable[Clause] = (),
        judge: Judge | None = None,
        limit: Callable[[str], float] = lambda _: LIMIT,
    ) -> None:
        self.table, self.judge = table, judge
        self._lookup = Lookup(table)
        self._detectors = Detectors(detectors if isinstance(detectors, Sequence) else (detectors,), limit)
        self.today = today
        self._clauses = {clause.id: clause for clause in clauses}
        self._characters = max((clause.hold_back.characters or 0 for clause in self._clauses.values()), default=0)
        self._replies = {action: texts for action, texts in table.replies if texts}
        unseen = sorted(self._lookup.topics - self._detectors.topics)
        if unseen:
            raise InputError(
                f"the guard's table limits '{unseen[0]}', but the detector has no examples of it.",
                mend="Make the table and the detector from the same policy set.",
            )
        mute = [action for action in Action if action not in self._replies]
        if mute:
            raise InputError(f"the guard's table has no reply for '{mute[0]}'.", mend="Compile it anew.")

    @property
    def detectors(self) -> tuple[tuple[str, str, Digest], ...]:
        """Name, version and digest of every detector that is asked."""
        return self._detectors.described

    @cached_property
    def digest(self) -> Digest:
        """Of everything that a ruling depends on besides the text and the day."""
        judge = None if self.judge is None else (self.judge.name, self.judge.version, self.judge.digest)
        return digest_of({"table": self.table.digest, "detectors": self.detectors, "judge": judge})

    @cached_property
    def fixed_answers(self) -> frozenset[str]:
        """Every text that this guard says instead of an answer, in every language."""
        return frozenset(text for texts in self._replies.values() for _, text in texts)

    def close(self) -> None:
        """Let the detectors' threads go."""
        self._detectors.close()

    async def rule(
        self,
        side: Side,
        text: str | Sequence[str],
        who: Who,
        earlier: Ruling | None = None,
        conversation: Sequence[str] = (),
    ) -> Ruling:
        """Whether this may be asked, or answered.

        Where the request was not allowed no reply may go out, and the request's action stands. A
        reply is judged on its own topic, whatever was asked; to a request whose action is to cap, it
        may go no further than the level named there. A reply that goes no further than its request
        did under a grant is not another use of it, but the grant must still hold.

        Args:
            side: of the exchange.
            text: what is said; several texts are judged one by one, and the strictest ruling stands.
            who: asks.
            earlier: the ruling on the request, for a reply.
            conversation: all turns, for detectors that read conversations and for the judge.
        """
        if earlier is not None and earlier.action not in ("allow", Action.CAP):
            reason = f"the request was not allowed: {earlier.reason}"
            return earlier.model_copy(update={"side": side, "reason": reason, "detectors": ()})
        unknown = self._unknown(who)
        if unknown:
            return refusal(side, who, DEFAULT_DENY, unknown, ())
        texts = (text,) if isinstance(text, str) else tuple(text)
        findings = await self._detectors.find(side, texts, self._detectors.joined(conversation))
        return await self._on_findings(side, texts, who, earlier, conversation, findings)

    async def rule_window(
        self, windows: Sequence[str], who: Who, earlier: Ruling, conversation: Sequence[str] = ()
    ) -> Ruling:
        """The ruling on parts of a reply by all detectors but patterns, which look at its pieces as they come."""
        findings = await self._detectors.find("reply", windows, self._detectors.joined(conversation), by_form=False)
        return await self._on_findings("reply", tuple(windows), who, earlier, conversation, findings)

    async def rule_patterns(self, text: str, start: int, complete: bool, who: Who, earlier: Ruling) -> Ruling | None:
        """The ruling of patterns alone on a reply so far; none where it goes on and they have found nothing.

        Args:
            text: the reply, or the end of it.
            start: a match that begins before this character was ruled on already.
            complete: nothing follows.
            who: asked.
            earlier: the ruling on the request.
        """
        findings = await self._detectors.find_patterns(text, start, complete)
        if not findings.silent and not findings.found and not complete:
            return None
        return await self._on_findings("reply", (text,), who, earlier, (), findings)

    async def under_way(self, text: str, start: int) -> int:
        """From which character on something that a pattern finds may have begun."""
        return await self._detectors.under_way(text, start)

    @property
    def has_patterns(self) -> bool:
        """Whether there is a detector that looks at every piece of a reply."""
        return self._detectors.has_patterns

    async def _on_findings(
        self,
        side: Side,
        texts: tuple[str, ...],
        who: Who,
        earlier: Ruling | None,
        conversation: Sequence[str],
        findings: Findings,
    ) -> Ruling:
        if not findings.silent and findings.are_empty:  # what follows comes to the same, and most texts end here
            return no_topic(side, who, findings.runs, findings.highest)
        words = (*texts, "\n\n".join(conversation))  # the conversation is text -1
        cases = [self._case(found.text, found.detection, who, earlier) for found in findings.found]
        cases, runs = await self._after_the_judge(cases, words, conversation, findings.runs)
        silence = self._silence(side, who, findings, runs)
        if silence is not None:
            return silence
        strictest = max(cases, key=strictness, default=None)
        if strictest is None:
            return no_topic(side, who, runs, None)
        if who.holder is None or strictest.action == "allow":
            return self._ruling(side, strictest, who, runs)
        return await self._under_grant(side, who, strictest, cases, words, earlier, runs)

    def rule_request(self, text: str, tier: str, purpose: str, holder: Holder | None = None) -> Ruling:
        """The ruling on a request, for code that does not await."""
        return to_its_end(lambda: self.rule("request", text, Who("", tier, purpose, holder)))

    def rule_reply(
        self, text: str, request_ruling: Ruling, tier: str, purpose: str, holder: Holder | None = None
    ) -> Ruling:
        """The ruling on a reply, for code that does not await."""
        return to_its_end(lambda: self.rule("reply", text, Who("", tier, purpose, holder), request_ruling))

    def suspicion(self, ruling: Ruling) -> HoldBack:
        """What the reply to this request is held back by.

        Characters always, by the clause that wants most; tokens where the request came near a topic,
        as its clause says, and at least some where the reply is held to a level.
        """
        clause = self._clauses.get(ruling.topic or "")
        tokens = 0
        if clause is not None:
            said = clause.hold_back.tokens
            tokens = said if said is not None else TOKENS if is_ungrantable(clause) else 0
        if ruling.action is Action.CAP:
            tokens = max(tokens, TOKENS)
        return HoldBack(self._characters, tokens)

    def answer_for(self, ruling: Ruling, language: str) -> str:
        """What is said instead of an answer, in this language or else in the first one there is.

        Args:
            ruling: one that does not allow.
            language: a language tag; of ``de-AT`` the ``de`` counts where ``de-AT`` has no text.

        Raises:
            ValueError: where the ruling allows.
        """
        if ruling.action == "allow":
            raise ValueError("an allowed text is not replaced")
        texts = self._replies[ruling.action]
        wanted = language.lower()
        for tag in (wanted, wanted.partition("-")[0]):
            for name, text in texts:
                if name.lower() == tag:
                    return text
        return texts[0][1]

    def _unknown(self, who: Who) -> str:
        asked = (("tier", who.tier, self.table.tiers), ("purpose", who.purpose, self.table.purposes))
        for kind, value, known in asked:
            if value not in known:
                return f"the table knows no {kind} '{value}'."
        return ""

    def _case(self, text: int, detection: Detection, who: Who, earlier: Ruling | None) -> Case:
        chance = earlier is not None and earlier.topic is None and not detection.strong
        if detection.topic is None or chance:
            return Case(text, detection._replace(topic=None, level=None), "allow", NO_TOPIC)
        # Whoever finds a topic and cannot say how specific the text is gets what the most specific text gets.
        level = detection.level or Level.RECIPE
        cell = self._lookup.cell(detection.topic, level, who.tier, who.purpose)
        if lapsed(cell, self.today()):
            return Case(text, detection, Action.REFUSE, EXCEPTION_LAPSED, cell)
        action = cell.action
        if earlier is not None and earlier.action is Action.CAP and earlier.topic == cell.topic:
            capped = earlier.cap is None or RANKS[level] > RANKS[earlier.cap]
            action = Action.CAP if capped and action == "allow" else action
        return Case(text, detection, action, cell.rule, cell)

    async def _after_the_judge(
        self, cases: list[Case], words: Sequence[str], conversation: Sequence[str], runs: tuple[DetectorRun, ...]
    ) -> tuple[list[Case], tuple[DetectorRun, ...]]:
        """The cases with what the judge holds of the uncertain ones that are closed."""
        if self.judge is None or all(case.action == "allow" or case.detection.certain for case in cases):
            return cases, runs
        open_, asked = list[Case](), dict[tuple[int, str], Case]()
        for case in sorted(cases, key=strictness, reverse=True):
            topic = case.detection.topic
            if case.action == "allow" or case.detection.certain or topic not in self._clauses:
                open_.append(case)
            else:
                asked.setdefault((case.text, topic), case)
        for (text, topic), case in asked.items():
            question = Question(self._clauses[topic], words[text], tuple(conversation))
            opinion, run = await ask_judge(self.judge, question)
            runs = (*runs, run)
            open_.append(case if opinion is None else self._judged(case, opinion.about, opinion.level, opinion.because))
        return open_, runs

    def _judged(self, case: Case, about: bool, level: Level, because: str) -> Case:
        if not about or case.cell is None:
            return case._replace(action="allow", because=because)
        cell = self._lookup.cell(case.cell.topic, level, case.cell.tier, case.cell.purpose)
        detection = case.detection._replace(level=level, certain=True)
        over = lapsed(cell, self.today())
        action, rule = (Action.REFUSE, EXCEPTION_LAPSED) if over else (cell.action, cell.rule)
        return Case(case.text, detection, action, rule, cell, because)

    def _silence(self, side: Side, who: Who, findings: Findings, runs: tuple[DetectorRun, ...]) -> Ruling | None:
        """The ruling where a detector gave no answer, unless the clauses that it watches let that pass."""
        if not findings.silent:
            return None
        actions = [
            (self._clauses[topic].on_failure if topic in self._clauses else Action.REFUSE, silent)
            for silent in findings.silent
            for topic in silent.topics or ("",)
        ]
        action, silent = max(actions, key=lambda pair: STRICTNESS[pair[0]])
        what = f"the detector '{silent.name}' {GAVE_UP[silent.outcome]} ({silent.fault})"
        ruling = refusal(side, who, DETECTOR_FAILED, f"{what}, and nothing passes unjudged.", runs)
        return ruling if action is Action.REFUSE else ruling.model_copy(update={"action": action})

    async def _under_grant(
        self,
        side: Side,
        who: Who,
        strictest: Case,
        cases: Sequence[Case],
        words: Sequence[str],
        earlier: Ruling | None,
        runs: tuple[DetectorRun, ...],
    ) -> Ruling:
        """The ruling where somebody has a grant: every text that the table closes must be opened by it."""
        ruling = self._ruling(side, strictest, who, runs)
        holder, today = who.holder, self.today()
        closed = sorted((case for case in cases if case.action != "allow"), key=rank_of)
        uses = dict[str, tuple[str, Cell, Case]]()
        for case in closed:
            if case.cell is None or holder is None:
                return ruling
            grant = holder.opens(case.cell, today)
            if not grant:
                same = [row for row in closed if row.cell == case.cell]
                found = self._ruling(side, max(same, key=strictness), who, runs)
                told = holder.notice(case.cell)
                return found.model_copy(update={"reason": f"{found.reason} {told}"}) if told else found
            # Several texts on one topic are one use, at the most specific of them.
            uses[case.cell.topic] = (grant, case.cell, case)
        names = []
        for grant, cell, case in uses.values():
            if earlier is None or not goes_no_further(cell, grant, earlier):
                # The use is on disk when this returns, so it waits for one.
                admission = await asyncio.to_thread(holder.use, cell, side, words[case.text])  # type: ignore[union-attr]
                if not admission.grant:
                    reason = f"{admission.refusal}. {holder.notice(cell)}".strip()  # type: ignore[union-attr]
                    refused = {"action": Action.REFUSE, "rule": GRANT_REFUSED, "reason": reason}
                    return ruling.model_copy(update=refused)
                grant = admission.grant  # another may have become the one that holds longest
            names.append(grant)
        named = ", ".join(dict.fromkeys(names))
        reason = f"{ruling.reason.partition(', and ')[0]}, and the grant '{named}' permits it."
        allowed = {"action": "allow", "rule": f"grant/{named}", "grant": named, "reason": reason, "cap": None}
        return ruling.model_copy(update=allowed)

    def _cap(self, cell: Cell) -> Level | None:
        """How specific an answer may be today instead."""
        for level in reversed(Level):
            other = self._lookup.cell(cell.topic, level, cell.tier, cell.purpose)
            if permits(other, self.today()):
                return level
        return None

    def _ruling(self, side: Side, case: Case, who: Who, runs: tuple[DetectorRun, ...]) -> Ruling:
        detection, cell = case.detection, case.cell
        if detection.topic is None or cell is None:
            return no_topic(side, who, runs, detection.score)
        return Ruling(
            side=side,
            topic=detection.topic,
            level=cell.level,
            tier=who.tier,
            purpose=who.purpose,
            action=case.action,
            rule=case.rule,
            reason=reason_of(case, cell),
            similarity=round(detection.score, 4),
            detectors=runs,
            permitted_by=cell.permitted_by if case.rule != EXCEPTION_LAPSED else (),
            cap=self._cap(cell) if case.action is Action.CAP else None,
        )


__all__ = ["DETECTOR_FAILED", "GRANT_REFUSED", "NO_TOPIC", "TOKENS", "Guard", "HoldBack", "Who"]
