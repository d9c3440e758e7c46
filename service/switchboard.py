"""The live calls of this node: who may begin, who may come back, and one call's failure kept to itself."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

import structlog

from service.settings import LimitSettings
from service.telemetry.logs import innermost
from service.telemetry.metrics import Metrics
from streaming.dialects.base import Hello
from streaming.errors import CallExists, Draining, Overloaded, first_cause
from streaming.events import CallInfo, Profile, Record, Scorecard, Utterance
from streaming.inbox import Inbox
from streaming.ports import RecordSink
from streaming.session import CallSession, SessionParts

log = structlog.get_logger()

_FLUSH_SECONDS = 5.0
_ENDING_SECONDS = 15.0  # a call that was told to end: its last transcripts, its scorecard, the store
_STRICTNESS = (Profile.FULL, Profile.TRAINING, Profile.EU_WORKPLACE)


def stricter(asked: Profile | None, floor: Profile) -> Profile:
    """A call may ask for a stricter profile than the deployment's, never for a looser one."""
    return max(asked or floor, floor, key=_STRICTNESS.index)


@dataclass(slots=True)
class LiveCall:
    """A call in progress; `socket` tells which client's connection it has, if any."""

    session: CallSession
    resume_token: str
    result: asyncio.Future[Scorecard]
    socket: object | None = None
    grace: asyncio.TimerHandle | None = None
    longest: asyncio.TimerHandle | None = None


class _Timed:
    """A live call's sink, which measures how long after its end of speech a final line is filed."""

    def __init__(self, sink: RecordSink, metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics
        self.inbox: Inbox | None = None

    async def put(self, records: Sequence[Record], /) -> None:
        for record in records:
            line = record.event
            if isinstance(line, Utterance) and line.final and line.words and self.inbox is not None:
                waited = self.inbox.waited(line.speaker, line.end)
                if waited is not None:
                    self._metrics.final_latency.observe(waited)
        await self._sink.put(records)


class Switchboard:
    """Use as an async context manager: its sessions run inside."""

    def __init__(
        self,
        parts: SessionParts,
        *,
        limits: LimitSettings,
        floor: Profile,
        metrics: Metrics,
        admission: Callable[[], Overloaded | None],
        known: Callable[[str], Awaitable[bool]],
        flush: Callable[[str], Awaitable[None]],
    ) -> None:
        """`admission` tells why a new call is not welcome, `known` whether a stored call has an id;
        `flush` returns when all that was put of a call is stored."""
        self._parts = parts
        self._limits = limits
        self._floor = floor
        self._metrics = metrics
        self._admission = admission
        self._known = known
        self._flush = flush
        self._entering: set[str] = set()
        self._calls: dict[str, LiveCall] = {}
        self._tasks = asyncio.TaskGroup()
        self._emptied = asyncio.Event()
        self.draining = False

    async def __aenter__(self) -> Switchboard:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for live in list(self._calls.values()):
            live.session.end("server", "shutdown")
        await self._tasks.__aexit__(kind, error, trace)

    def __len__(self) -> int:
        return len(self._calls)

    def sessions(self) -> list[CallSession]:
        return [live.session for live in self._calls.values()]

    def find(self, call_id: str) -> LiveCall | None:
        return self._calls.get(call_id)

    async def enter(self, hello: Hello, socket: object) -> LiveCall:
        """A socket said hello: begin its call, or let it come back to it.

        Raises `Draining`, `Overloaded` or `CallExists` (the id is another client's, or a past call's).
        """
        call_id = hello.call.call_id
        if call_id in self._calls:
            return self._come_back(self._calls[call_id], hello, socket)
        self._check_room()
        await self._check_new(call_id)
        self._check_room()  # others may have begun meanwhile
        call = replace(
            hello.call, profile=stricter(hello.profile, self._floor), source="live", started_at=time.time()
        )
        return self._begin(call, hello.rate, socket)

    async def _check_new(self, call_id: str) -> None:
        """Two sockets that say the same new id at the same moment: one of them begins."""
        if call_id in self._entering:
            raise CallExists("another connection is just beginning a call of this id")
        self._entering.add(call_id)
        try:
            if await self._is_known(call_id):
                raise CallExists(
                    "a call of this id is stored already (its time to be resumed is over):"
                    " give every call its own id"
                )
        finally:
            self._entering.discard(call_id)

    async def _is_known(self, call_id: str) -> bool:
        try:
            return await self._known(call_id)
        except Exception as error:  # supervision point: without the store, ids cannot be told apart
            log.warning("store_unreadable", error=type(error).__name__)
            raise Overloaded("the database cannot be reached: try again soon", retry_after=5.0) from None

    def leave(self, live: LiveCall, socket: object) -> None:
        """The socket has gone without a bye: the call waits a while for it to come back."""
        if live.socket is not socket or live.result.done():
            return
        live.socket = None
        live.session.detach()
        loop = asyncio.get_running_loop()
        live.grace = loop.call_later(self._limits.resume_seconds, live.session.end, "client", "vanished")

    async def drain(self) -> None:
        """No new calls; wait for those there are, then end what is left and wait until that is filed."""
        self.draining = True
        if await self._empty(self._limits.drain_seconds):
            return
        log.warning("drain_timed_out", calls=len(self._calls))
        for live in list(self._calls.values()):
            live.session.end("server", "shutdown")
        await self._empty(_ENDING_SECONDS)

    async def _empty(self, within: float) -> bool:
        """Whether no call was left before `within` seconds were over."""
        try:
            async with asyncio.timeout(within):
                while self._calls:
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            return False
        return True

    def _check_room(self) -> None:
        if self.draining:
            raise Draining("the server is shutting down: connect again, to another node if there is one")
        if len(self._calls) >= self._limits.calls:
            raise Overloaded("this node has all the calls it takes; try again soon", retry_after=5.0)
        refusal = self._admission()
        if refusal is not None:
            raise refusal

    def _come_back(self, live: LiveCall, hello: Hello, socket: object) -> LiveCall:
        token = hello.resume or ""
        if live.socket is not None or not secrets.compare_digest(token, live.resume_token):
            raise CallExists(
                "a live call has this id: give every call its own id, or send the resume token of the"
                " ready message once the old connection is gone"
            )
        if hello.rate != live.session.rate or hello.call.parties != live.session.call.parties:
            raise CallExists("a resumed call must keep its rate and channels")
        if live.grace is not None:
            live.grace.cancel()
        live.socket = socket
        return live

    def _begin(self, call: CallInfo, rate: int, socket: object) -> LiveCall:
        timed = _Timed(self._parts.sink, self._metrics)
        session = CallSession(call, rate=rate, parts=replace(self._parts, sink=timed))
        timed.inbox = session.inbox
        live = LiveCall(
            session=session,
            resume_token=secrets.token_urlsafe(24),
            result=asyncio.get_running_loop().create_future(),
            socket=socket,
        )
        # Samples count a call's length, but a client may stay without sending any.
        live.longest = asyncio.get_running_loop().call_later(
            self._limits.call_seconds, live.session.end, "server", "too_long"
        )
        self._calls[call.call_id] = live
        self._metrics.live_calls.set(len(self._calls))
        self._tasks.create_task(self._supervise(live), name=f"call-{call.call_id}")
        log.info("call_started", call_id=call.call_id, profile=call.profile, parties=len(call.parties))
        return live

    async def _supervise(self, live: LiveCall) -> None:
        """The one place where a call's failure ends: here, and not in another call."""
        call_id = live.session.call.call_id
        try:
            scorecard = await live.session.run()
            await self._store(call_id)
            live.result.set_result(scorecard)
            log.info("call_ended", call_id=call_id, seconds=round(scorecard.at, 1))
        except Exception as error:  # supervision point: log, file the end, tell the socket
            cause = first_cause(error)
            log.error("call_failed", call_id=call_id, error=type(cause).__name__, where=innermost(cause))
            await self._file_failure(live)
            live.result.set_exception(cause)
            live.result.exception()  # retrieved: a socket that has gone will not ask
        finally:
            for timer in (live.grace, live.longest):
                if timer is not None:
                    timer.cancel()
            del self._calls[call_id]
            self._metrics.live_calls.set(len(self._calls))
            self._emptied.set()

    async def _file_failure(self, live: LiveCall) -> None:
        try:
            await self._parts.sink.put(live.session.records_for_failure())
        except Exception as error:  # what broke the call may break its end too; other calls go on
            call_id = live.session.call.call_id
            log.error("call_end_not_filed", call_id=call_id, error=type(error).__name__)

    async def _store(self, call_id: str) -> None:
        """A client that is told "done" can rely on it, unless the database is away for long."""
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._flush(call_id)
        except TimeoutError:
            log.warning("call_not_stored_yet", call_id=call_id)
