"""The onion: what every request of every endpoint passes, streaming or not, in one order.

    who asks -> body -> read -> which model -> rule the request, and begin its row
    -> the model -> the row on disk -> rule the reply, held back -> its row on disk -> the end of the answer

There is no other way to the model, and none around the guard. While the model thinks the disk turns. A
request that is refused, or that only a grant allows, is on disk before anything else happens, and so is
every one for as long as the log fails.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from time import perf_counter
from traceback import format_tb

from colonnade.guard.gateway.answering import FAILED, Answering, stopping
from colonnade.guard.gateway.exchange import Exchange, Receive, Scope, Send
from colonnade.guard.gateway.rows import REFUSED, Course, about, asked_texts, finished, request_row
from colonnade.guard.gateway.service import LARGE, Passed, Service
from colonnade.guard.gateway.shown import header_of, remaining_of, shown_ruling
from colonnade.guard.gateway.standing import SYSTEM_HEADER, Standing, begun, chosen_model, identify
from colonnade.guard.gateway.turning_away import turned_away
from colonnade.guard.gateway.upstreams import UpstreamFault
from colonnade.guard.protocol import Asked, Endpoint, ProtocolError
from colonnade.records import Action

LONGEST = 400_000
"""Characters of a request that the guard reads; every one of them is judged."""

JSON = "application/json"

logger = logging.getLogger(__name__)


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
        service = self._service
        exchange = Exchange(scope, receive, send, service.traced)
        course = Course(perf_counter())
        passed: Passed | None = None
        service.exchanges.add(exchange)
        try:
            if service.closing:
                raise stopping()
            if service.under_way > service.most:
                message = "too many requests are under way here; try again in a moment."
                raise ProtocolError(message, status=503, code="overloaded")
            passed = await self._request(exchange, course)
            if passed is not None:
                await Answering(self._endpoint, service, exchange, passed).give()
        except ProtocolError as error:
            await self._fail(exchange, error, course, passed)
        except asyncio.CancelledError:
            if not (exchange.gone or exchange.stopped):
                raise
            exchange.stay()
            if not exchange.gone:
                await self._fail(exchange, stopping(), course, passed)
            elif passed is None:
                turned_away(service, exchange, self._endpoint.name, course, None)
        except Exception as fault:  # a client is told that it failed, never how
            # Where, and of what kind; its words may quote what somebody said.
            where = "".join(format_tb(fault.__traceback__))
            logger.error("a request failed: %s at\n%s", type(fault).__name__, where)
            told = ProtocolError(FAILED, status=500, code="internal_error")
            await self._fail(exchange, told, course, passed)
        finally:
            service.exchanges.discard(exchange)
            service.bytes_under_way -= exchange.size
            exchange.unwatch()

    async def _request(self, exchange: Exchange, course: Course) -> Passed | None:
        """Everything up to the model; nothing where the request ends here, and was answered."""
        now = self._service.standing()
        if "origin" in exchange.headers and not exchange.headers.get("content-type", "").startswith(JSON):
            # Of JSON a browser asks beforehand whether it may, and is told no; other kinds it sends for any page.
            message = f"a page in a browser may not ask here; a service of yours sends Content-Type: {JSON}."
            raise ProtocolError(message, status=403, parameter="Content-Type", code="cross_origin")
        who = identify(now, exchange)
        content = await exchange.body(self._service.take)
        exchange.watch()
        if len(content) <= LARGE:
            asked = self._read(content, now)
        else:
            asked = await asyncio.get_running_loop().run_in_executor(self._service.reading, self._read, content, now)
        asked, prompt, told = begun(now, self._endpoint, asked, who)
        if told:
            exchange.say(SYSTEM_HEADER, told)
        texts = [part.text for part in asked.parts]
        if sum(map(len, texts)) > LONGEST:
            message = f"the request has more than {LONGEST} characters, and every one of them is judged."
            raise ProtocolError(message, status=413, code="request_too_large")
        chosen = chosen_model(now, exchange, asked, who)._replace(prompt=prompt)
        conversation = texts if len(texts) > 1 else ()  # one text is its own conversation
        started = perf_counter()
        ruling = await now.guard.rule("request", texts, who, None, conversation)
        course.ruling_request = perf_counter() - started
        passes = ruling.action == "allow" or (ruling.action is Action.CAP and ruling.cap is not None)
        common = about(exchange.id, who, asked, chosen, now)
        row = request_row(common, asked, ruling)
        if not passes:
            row["ended"] = REFUSED
        row_written = self._service.begin(row, who.principal, asked_texts(asked))
        before_the_model = not passes or bool(ruling.grant) or self._service.log_failed
        if before_the_model:
            await self._service.written((row_written,), course)
        exchange.say(*header_of(ruling))
        if who.holder is not None:
            exchange.last = partial(remaining_of, who.holder)
        passed = Passed(
            now, who, asked, chosen, ruling, common, conversation, course, None if before_the_model else row_written
        )
        if passes:
            return passed
        exchange.unwatch()
        await self._refuse(exchange, passed)
        return None

    def _read(self, content: bytes, now: Standing) -> Asked:
        return self._endpoint.without_refused(self._endpoint.read(content), now.guard.fixed_answers)

    async def _refuse(self, exchange: Exchange, passed: Passed) -> None:
        """The fixed answer."""
        asked, ruling = passed.asked, passed.ruling
        answer = passed.now.guard.answer_for(ruling, exchange.language)
        shown = shown_ruling(exchange.id, ruling)
        if asked.stream:
            await exchange.piece(self._endpoint.refused_stream(asked, asked.model, answer, shown), last=True)
        else:
            await exchange.whole(self._endpoint.refusal(asked, asked.model, answer, shown))
        if self._service.teller.observers:
            told = finished(passed.common, asked, ruling, (), REFUSED, passed.course, perf_counter(), exchange.trace)
            self._service.teller.tell(told)

    async def _fail(self, exchange: Exchange, error: ProtocolError, course: Course, passed: Passed | None) -> None:
        """Tell the client; and observers, who know already where the request had got as far as the model."""
        if passed is None:
            turned_away(self._service, exchange, self._endpoint.name, course, error)
        if not exchange.started and not exchange.gone:
            headers = dict(error.headers) if isinstance(error, UpstreamFault) else {}
            if error.status == 503:
                headers.setdefault("Retry-After", "1")
            await exchange.whole(error.body(), error.status, headers.items())
