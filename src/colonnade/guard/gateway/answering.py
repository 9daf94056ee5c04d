"""From the model to the client: the reply as it may go out, its row before its end, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from time import perf_counter

from colonnade.guard.gateway.exchange import Exchange
from colonnade.guard.gateway.holdback import Ended, Event, HeldReply, Judged, Released, Withheld
from colonnade.guard.gateway.rows import ANSWERED, HUNG_UP, STOPPED, WITHHELD, finished, reply_row, said_texts
from colonnade.guard.gateway.service import Passed, Service
from colonnade.guard.gateway.shown import HEADER, header_of, shown_ruling
from colonnade.guard.gateway.standing import operator_says
from colonnade.guard.gateway.upstreams import UpstreamFault, UpstreamReply
from colonnade.guard.protocol import (
    Delta,
    Endpoint,
    OutputKey,
    ProtocolError,
    Replaced,
    StreamWriter,
    UpstreamError,
    parse_reply,
)
from colonnade.guard.telemetry.traceparent import headers_for_upstream
from colonnade.records import Ruling

FAILED = "the service failed; nothing was answered."
"""What a client is told of a fault of ours."""

End = Callable[[], Awaitable[None]]
"""What is left to be sent once the row is on disk."""


def stopping() -> ProtocolError:
    """What a client is told whom the service cannot wait for."""
    return ProtocolError("the service is stopping; ask it again.", status=503, code="stopping")


class Answering:
    """One answer.

    Args:
        endpoint: of the request.
        service: what all share.
        exchange: where it goes out.
        passed: the request, and the ruling on it.
    """

    def __init__(self, endpoint: Endpoint, service: Service, exchange: Exchange, passed: Passed) -> None:
        self._endpoint, self._service, self._exchange, self._passed = endpoint, service, exchange, passed
        guard = passed.now.guard
        self._held = HeldReply(guard, passed.who, passed.ruling, guard.suspicion(passed.ruling), passed.conversation)
        self._writer: StreamWriter | None = None
        self._judged: tuple[Judged, ...] = ()
        self._recorded = False
        self._row = passed.row

    async def give(self) -> None:
        """Ask the model, and answer; the row is written however it ends."""
        exchange, how = self._exchange, STOPPED
        try:
            end = await self._to_its_end()
            if self._service.faults.last is not None:
                self._service.faults.over()
            # The answer is complete, whether the client waits for it or not.
            exchange.unwatch()
            how = WITHHELD if self._held.withheld else ANSWERED
            await self._record(how)
            await end()
        except asyncio.CancelledError:
            if not (exchange.gone or exchange.stopped):
                raise
            exchange.stay()
            if exchange.gone:
                how = HUNG_UP
            else:
                await self._fail(stopping(), how)
        except (UpstreamError, ProtocolError) as fault:
            self._note(fault)
            error = fault if isinstance(fault, ProtocolError) else fault.as_protocol_error()
            how = error.code or "error"
            await self._fail(error)
        except Exception:
            # Its words may quote what somebody said; the onion logs where it was, and tells a client not yet answered.
            how = "internal_error"
            with suppress(ProtocolError):
                await self._fail(ProtocolError(FAILED, status=500, code=how))
            raise
        finally:
            exchange.unwatch()
            if not self._recorded:
                await self._record(how)
            self._tell(how)

    async def _to_its_end(self) -> End:
        """Everything up to what the row has to be written for."""
        passed, course = self._passed, self._passed.course
        says = operator_says(passed.now, passed.ruling, passed.chosen.prompt)
        body = self._endpoint.for_upstream(passed.asked, passed.chosen.model, says)
        trace = self._exchange.trace
        headers = headers_for_upstream(trace) if trace is not None else {}
        course.asked_upstream = perf_counter()
        reply = await self._service.upstream.send(self._endpoint.path, body, passed.asked.stream, headers)
        try:
            return await (self._stream(reply) if passed.asked.stream else self._whole(reply))
        finally:
            course.last_piece = course.last_piece or perf_counter()
            reply.close()

    async def _whole(self, reply: UpstreamReply) -> End:
        passed, course, pieces = self._passed, self._passed.course, []
        while piece := await reply.piece():
            course.first_piece = course.first_piece or perf_counter()
            pieces.append(piece)
        course.last_piece = perf_counter()
        body = parse_reply(b"".join(pieces))
        self._held.take([Delta(row.choice, row.channel, row.text) for row in self._endpoint.outputs(body)])
        await self._held.finish()
        course.ruling_reply = perf_counter() - course.last_piece
        decided: dict[OutputKey, Replaced] = {
            (choice, row.channel): Replaced(self._instead(row.ruling)) for choice, row in self._held.withheld.items()
        }
        content = self._endpoint.whole(passed.asked, body, decided)
        course.usage = content.get("usage")
        ruling = next((row.ruling for row in self._held.withheld.values()), None)
        if ruling is not None:
            self._exchange.sent = [pair for pair in self._exchange.sent if pair[0] != HEADER]
            self._exchange.say(*header_of(ruling))
        content["colonnade"] = shown_ruling(self._exchange.id, ruling or passed.ruling)
        course.first_out = perf_counter()
        return lambda: self._exchange.whole(content)

    async def _stream(self, reply: UpstreamReply) -> End:
        held, course, reader = self._held, self._passed.course, self._endpoint.reader()
        wanted, ended = set(range(self._passed.asked.choices)), list[Event]()
        while not reader.done and not wanted <= held.withheld.keys():
            data = await reply.piece()
            arrived = perf_counter()
            course.first_piece = course.first_piece or arrived
            said = reader.feed(data) if data else reader.finish()
            if reader.done or not data:
                # Nothing more comes, so this is judged and goes out with the end: a stream in one piece is one again.
                held.take(said)
                break
            events = await held.feed(said)
            course.ruling_reply += perf_counter() - arrived
            if held.withheld:  # the end of a choice, like that of the stream, waits for the row
                ended += [event for event in events if isinstance(event, Withheld)]
                events = [event for event in events if not isinstance(event, Withheld)]
            if events:
                await self._send(events)
        course.last_piece = perf_counter()
        course.usage = reader.usage
        ending = perf_counter()
        last = [*ended, *await held.finish()]
        course.ruling_reply += perf_counter() - ending

        async def end() -> None:
            # Written only now: where the row cannot be, the stream ends with an error instead.
            await self._exchange.piece(self._written(last) + self._open().close(reader.usage), last=True)

        return end

    async def _send(self, events: Sequence[Event]) -> None:
        if self._row is not None:
            row, self._row = self._row, None
            await self._service.written((row,), self._passed.course)
        content = self._written(events)
        course = self._passed.course
        course.first_out = course.first_out or perf_counter()
        await self._exchange.piece(content)

    def _written(self, events: Iterable[Event]) -> bytes:
        """Events as bytes of the stream, with its opening where nothing has gone out yet."""
        begun, writer = self._exchange.started, self._open()
        said = [] if begun else [writer.open()]
        for event in events:
            match event:
                case Released(choice, channel, text):
                    said.append(writer.text(choice, channel, text))
                case Ended(choice, finish):
                    said.append(writer.end(choice, finish))
                case Withheld(choice, _, ruling):
                    said.append(writer.replace(choice, self._instead(ruling)))
        return b"".join(said)

    def _open(self) -> StreamWriter:
        if self._writer is None:
            asked = self._passed.asked
            shown = shown_ruling(self._exchange.id, self._passed.ruling)
            self._writer = self._endpoint.writer(asked, asked.model, shown)
        return self._writer

    def _instead(self, ruling: Ruling) -> str:
        return self._passed.now.guard.answer_for(ruling, self._exchange.language)

    def _note(self, fault: UpstreamError | ProtocolError) -> None:
        """Have the operator told of what is the model's fault, and of nothing else."""
        kind = fault.kind if isinstance(fault, UpstreamFault) else ""
        if isinstance(fault, UpstreamError):
            kind = fault.message.rstrip(".")
        if kind:
            self._service.faults.note(kind, self._service.upstream.where)

    async def _fail(self, error: ProtocolError, how: str = "") -> None:
        """What went wrong: on disk first, then told by its status, or as the last event of a stream."""
        self._exchange.unwatch()
        if not self._recorded:
            try:
                await self._record(how or error.code or "error")
            except ProtocolError as worse:
                error = worse
        self._passed.course.status = error.status
        if not self._exchange.started:
            raise error
        if self._writer is not None:
            await self._exchange.piece(self._writer.fault(error.message, error.code or "error"), last=True)

    async def _record(self, how: str) -> None:
        passed, judged = self._passed, self._held.judged
        self._judged = judged
        # Once is enough, even where it fails: whoever waits is told, and nothing goes out.
        self._recorded = True
        row = reply_row(passed.common, judged, passed.ruling, how, passed.course, perf_counter())
        reply = self._service.begin(row, passed.who.principal, said_texts(judged))
        request, self._row = self._row, None
        await self._service.written((reply,) if request is None else (request, reply), passed.course)

    def _tell(self, how: str) -> None:
        if self._service.teller.observers:
            passed = self._passed
            passed.course.held_back = self._held.waited
            replies = [row.ruling for row in self._judged if row.ruling is not None]
            trace, now = self._exchange.trace, perf_counter()
            self._service.teller.tell(
                finished(passed.common, passed.asked, passed.ruling, replies, how, passed.course, now, trace)
            )
