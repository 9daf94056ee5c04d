"""The onion: what every request of every endpoint passes, streaming or not, in one order.

    who asks -> body -> read -> which model -> rule the request -> its row on disk
    -> the model -> rule the reply, held back -> its row on disk -> the end of the answer

There is no other way to the model, and none around the guard.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

from colonnade.guard.gateway import rows
from colonnade.guard.gateway.exchange import Exchange, HungUp, Receive, Scope, Send
from colonnade.guard.gateway.holdback import Event, HeldReply, Released, Withheld
from colonnade.guard.gateway.holdback import Ended as ChoiceEnded
from colonnade.guard.gateway.observing import Observer, tell
from colonnade.guard.gateway.standing import Chosen, Standing, chosen_model, identify, operator_says
from colonnade.guard.gateway.upstreams import Upstream, UpstreamFault, UpstreamReply
from colonnade.guard.guard import Who
from colonnade.guard.protocol.asked import Asked, Delta, OutputKey, Replaced
from colonnade.guard.protocol.endpoint import Endpoint, StreamWriter
from colonnade.guard.protocol.errors import ProtocolError, UpstreamError
from colonnade.guard.recording import Recorder
from colonnade.records import Action, ColonnadeError, Ruling

MOST = 1024
"""Requests under way at once."""

LONGEST = 400_000
"""Characters of a request that the guard reads; every one of them is judged."""

logger = logging.getLogger(__name__)


class Service:
    """What all endpoints share.

    Args:
        standing: what holds now; asked for once by each exchange.
        upstream: what answers.
        recorder: where rows go.
        observers: told of each finished row.
        most: requests under way at once.
    """

    def __init__(
        self,
        standing: Callable[[], Standing],
        upstream: Upstream,
        recorder: Recorder,
        observers: Sequence[Observer] = (),
        most: int = MOST,
    ) -> None:
        self.standing, self.upstream, self.recorder = standing, upstream, recorder
        self.observers, self.most, self.under_way = tuple(observers), most, 0

    async def record(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        """Have a row on disk, then tell who looks on.

        Raises:
            ProtocolError: 503 where it cannot be written: what is not recorded does not happen.
        """
        try:
            await self.recorder.write(row, subject, texts)
        except (ColonnadeError, OSError) as fault:
            logger.error("the audit log cannot be written: %s", fault)
            message = "the audit log cannot be written, and nothing is answered without it."
            raise ProtocolError(message, status=503, code="log_unavailable") from None
        tell(self.observers, row)


class _Passed(NamedTuple):
    """A request that may go to the model."""

    now: Standing
    who: Who
    asked: Asked
    chosen: Chosen
    ruling: Ruling
    common: Mapping[str, Any]
    conversation: Sequence[str]
    started: float


class Onion:
    """One endpoint as an ASGI application.

    Args:
        endpoint: how its protocol is read and written.
        service: everything else.
    """

    def __init__(self, endpoint: Endpoint, service: Service) -> None:
        self._endpoint, self._service = endpoint, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong is told in the protocol's shape."""
        exchange, service = Exchange(scope, receive, send), self._service
        service.under_way += 1
        try:
            if service.under_way > service.most:
                message = "too many requests are under way here; try again in a moment."
                raise ProtocolError(message, status=503, code="overloaded")
            passed = await self._request(exchange)
            if passed is not None:
                await _Reply(self._endpoint, service, exchange, passed).give()
        except ProtocolError as error:
            await _fail(exchange, error)
        except HungUp:
            pass
        except asyncio.CancelledError:
            if not exchange.gone:
                raise
            uncancel()
        except Exception as fault:  # a client is told that it failed, never how
            logger.error("a request failed: %s: %s", type(fault).__name__, fault, exc_info=True)
            message = "the service failed; nothing was answered."
            await _fail(exchange, ProtocolError(message, status=500, code="internal_error"))
        finally:
            service.under_way -= 1
            exchange.unwatch()

    async def _request(self, exchange: Exchange) -> _Passed | None:
        """Everything up to the model; nothing where the request ends here, and was answered."""
        started, now = perf_counter(), self._service.standing()
        who = identify(now, exchange)
        asked = self._endpoint.read(await exchange.body())
        asked = self._endpoint.without_refused(asked, now.guard.fixed_answers)
        if sum(len(part.text) for part in asked.parts) > LONGEST:
            message = f"the request has more than {LONGEST} characters, and every one of them is judged."
            raise ProtocolError(message, status=413, code="request_too_large")
        chosen = chosen_model(now, exchange, asked, who)
        exchange.watch()
        turns = [f"{part.role}: {part.text}" for part in asked.parts]
        # One part is its own conversation.
        conversation = turns if len(turns) > 1 else ()
        ruling = await now.guard.rule("request", [part.text for part in asked.parts], who, None, conversation)
        passes = ruling.action == "allow" or (ruling.action is Action.CAP and ruling.cap is not None)
        exchange.say(b"x-colonnade-ruling", f"{ruling.action}; rule={ruling.rule}")
        common = rows.about(exchange.id, who, asked, chosen, now)
        ended = None if passes else rows.Ended(rows.REFUSED, perf_counter() - started)
        texts = rows.asked_texts(asked)
        await self._service.record(rows.request_row(common, asked, ruling, ended), who.principal, texts)
        if passes:
            return _Passed(now, who, asked, chosen, ruling, common, conversation, started)
        exchange.unwatch()
        answer, shown = now.guard.answer_for(ruling, exchange.language), shown_ruling(exchange.id, ruling)
        if asked.stream:
            await exchange.piece(self._endpoint.refused_stream(asked, asked.model, answer, shown), last=True)
        else:
            await exchange.whole(self._endpoint.refusal(asked, asked.model, answer, shown))
        return None


class _Reply:
    """From the model to the client."""

    def __init__(self, endpoint: Endpoint, service: Service, exchange: Exchange, passed: _Passed) -> None:
        self._endpoint, self._service, self._exchange, self._passed = endpoint, service, exchange, passed
        guard = passed.now.guard
        self._held = HeldReply(guard, passed.who, passed.ruling, guard.suspicion(passed.ruling), passed.conversation)
        self._writer: StreamWriter | None = None
        self._first: float | None = None
        self._usage: Mapping[str, Any] | None = None

    async def give(self) -> None:
        """Ask the model, and answer; the row is written however it ends."""
        recorded = False
        try:
            body = self._endpoint.for_upstream(
                self._passed.asked, self._passed.chosen.model, operator_says(self._passed.now, self._passed.ruling)
            )
            reply = await self._service.upstream.send(self._endpoint.path, body, self._passed.asked.stream)
            try:
                end = await (self._stream(reply) if self._passed.asked.stream else self._whole(reply))
            finally:
                reply.close()
            # From here on the answer is complete, whether the client waits for it or not.
            self._exchange.unwatch()
            recorded = True
            await self._record(rows.WITHHELD if self._held.withheld else rows.ANSWERED)
            await end()
        except asyncio.CancelledError:
            if not self._exchange.gone:
                await self._record("stopped")
                raise
            uncancel()
            await self._record(rows.HUNG_UP)
        except UpstreamError as error:
            await self._fault(error.as_protocol_error(), recorded)
        except ProtocolError as error:
            await self._fault(error, recorded)
        except Exception:
            if not recorded:
                await self._record("internal_error")
            raise

    async def _whole(self, reply: UpstreamReply) -> Callable[[], Any]:
        pieces = []
        while piece := await reply.piece():
            pieces.append(piece)
        body = _parsed(b"".join(pieces))
        outputs = self._endpoint.outputs(body)
        usage = body.get("usage")
        self._usage = usage if isinstance(usage, dict) else None
        await self._held.feed([Delta(row.choice, row.channel, row.text) for row in outputs])
        await self._held.finish()
        decided: dict[OutputKey, Replaced] = {
            (choice, row.channel): Replaced(self._instead(row.ruling)) for choice, row in self._held.withheld.items()
        }
        content = self._endpoint.whole(self._passed.asked, body, decided)
        ruling = next((row.ruling for row in self._held.withheld.values()), None)
        if ruling is not None:
            self._exchange.sent = [pair for pair in self._exchange.sent if pair[0] != b"x-colonnade-ruling"]
            self._exchange.say(b"x-colonnade-ruling", f"{ruling.action}; rule={ruling.rule}")
        content = {**content, "colonnade": shown_ruling(self._exchange.id, ruling or self._passed.ruling)}
        return lambda: self._exchange.whole(content)

    async def _stream(self, reply: UpstreamReply) -> Callable[[], Any]:
        passed, held = self._passed, self._held
        reader = self._endpoint.reader()
        while not reader.done and len(held.withheld) < passed.asked.choices:
            data = await reply.piece()
            await self._send(await held.feed(reader.feed(data) if data else reader.finish()))
            if not data:
                break
        self._usage = reader.usage
        last = await held.finish()
        writer = self._open()
        content = b"".join([*self._beginning, *map(self._written, last), writer.close(reader.usage)])
        return lambda: self._exchange.piece(content, last=True)

    @property
    def _beginning(self) -> tuple[bytes, ...]:
        return () if self._exchange.started else (self._open().open(),)

    def _open(self) -> StreamWriter:
        if self._writer is None:
            shown = shown_ruling(self._exchange.id, self._passed.ruling)
            self._writer = self._endpoint.writer(self._passed.asked, self._passed.asked.model, shown)
        return self._writer

    async def _send(self, events: Sequence[Event]) -> None:
        # The end of a choice waits for the row, with everything that ends.
        if not events:
            return
        self._open()
        content = b"".join([*self._beginning, *map(self._written, events)])
        if self._first is None:
            self._first = perf_counter() - self._passed.started
        await self._exchange.piece(content)

    def _written(self, event: Event) -> bytes:
        writer = self._open()
        match event:
            case Released(choice, channel, text):
                return writer.text(choice, channel, text)
            case ChoiceEnded(choice, finish):
                return writer.end(choice, finish)
            case Withheld(choice, _, ruling):
                return writer.replace(choice, self._instead(ruling))

    def _instead(self, ruling: Ruling) -> str:
        return self._passed.now.guard.answer_for(ruling, self._exchange.language)

    async def _fault(self, error: ProtocolError, recorded: bool) -> None:
        """What went wrong, on disk first and then told: by its status, or as the last event of a stream."""
        self._exchange.unwatch()
        if not recorded:
            try:
                await self._record(error.code or "error")
            except ProtocolError as worse:
                error = worse
        if self._exchange.started and self._writer is not None:
            await self._exchange.piece(self._writer.fault(error.message, error.code or "error"), last=True)
            return
        raise error

    async def _record(self, how: str) -> None:
        passed, judged = self._passed, self._held.judged
        ended = rows.Ended(how, perf_counter() - passed.started, self._first, self._usage)
        row = rows.reply_row(passed.common, judged, passed.ruling, ended)
        await self._service.record(row, passed.who.principal, rows.said_texts(judged))


def shown_ruling(exchange: str, ruling: Ruling) -> dict[str, Any]:
    """What a client is told of a ruling: what was decided, by which rule, and what would have permitted it."""
    return {
        "id": exchange,
        "side": ruling.side,
        "action": ruling.action,
        "rule": ruling.rule,
        "topic": ruling.topic,
        "level": ruling.level,
        "cap": ruling.cap,
        "grant": ruling.grant,
        "reason": ruling.reason,
        "permitted_by": ruling.permitted_by,
        "applied": ruling.applied,
    }


def uncancel() -> None:
    """The client is gone, which ends its request and nothing else: this task goes on to write its row."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _fail(exchange: Exchange, error: ProtocolError) -> None:
    if not exchange.started and not exchange.gone:
        headers = error.headers.items() if isinstance(error, UpstreamFault) else ()
        if error.status == 503 and not headers:
            headers = (("Retry-After", "1"),)
        await exchange.whole(error.body(), error.status, headers)


def _parsed(content: bytes) -> Any:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise UpstreamError("the model's server answered with something that is no JSON.") from None
    if not isinstance(body, dict):
        raise UpstreamError("the model's server answered with something that is no reply.")
    return body
