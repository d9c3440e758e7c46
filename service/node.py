"""One node of the service: the composition root, the only place that knows the concrete classes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from types import TracebackType

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models.queueing import SchedulerConfig
from models.scheduler import Scheduler
from models.vad import shared_network
from service.auth import Gate, Tokens, require_safe_bind
from service.board import live_board
from service.commands import BusCommands, follow_commands
from service.feed import TOPIC as LIVE
from service.jobs import RecordingJobs
from service.judging import judging
from service.lagging import LagWatch
from service.listening import Listening
from service.memory import give_back
from service.parts import EARS, make_worker, session_parts, warm_up
from service.settings import Settings
from service.store.engine import open_engine
from service.store.migrate import upgrade
from service.store.repository import Repository
from service.store.writer import StoreWriter
from service.switchboard import Switchboard
from service.telemetry.logs import innermost
from service.telemetry.metrics import Metrics
from service.wire import write_record
from streaming.bus.memory import MemoryBus
from streaming.errors import ConfigError, Overloaded
from streaming.events import Record, Seconds
from streaming.ports import Bus
from streaming.relay import MemoryRelay, Relay
from streaming.session import CallSession

log = structlog.get_logger()


def build(settings: Settings) -> Node:
    """Put a node together; nothing is opened before it is entered.

    Raises `ConfigError`, not least when its address would be open to others without tokens.
    """
    return Node(settings)


def _bus(redis_url: str | None) -> Bus:
    if not redis_url:
        return MemoryBus()
    from streaming.bus.redis import RedisBus  # its client takes 19 MB

    return RedisBus(redis_url)


def _relay(redis_url: str | None) -> Relay:
    if not redis_url:
        return MemoryRelay()
    from streaming.bus.redis_relay import RedisRelay

    return RedisRelay(redis_url)


class Outlet:
    """Where a call's records go: to the bus for whoever watches now, to the store for good."""

    def __init__(self, bus: Bus, writer: StoreWriter, metrics: Metrics) -> None:
        self._bus = bus
        self._writer = writer
        self._metrics = metrics

    async def put(self, records: Sequence[Record], /) -> None:
        for record in records:
            await self._bus.publish(LIVE, write_record(record))
        numbered = [record for record in records if record.seq]
        for record in numbered:
            self._metrics.observe(record.event)
        await self._writer.put(numbered)


class Node:
    """Use as an async context manager: inside, it takes calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.node or f"{socket.gethostname()}:{settings.port}"
        given = settings.tokens
        self.tokens = Tokens(
            softphone=given.softphone, console=given.console, listening=given.listening, desk=given.desk
        )
        require_safe_bind(settings.host, self.tokens)  # before anything is opened
        self.gate = Gate(self.tokens, settings.allowed_origins)
        self.metrics = Metrics()
        self.worker = make_worker(settings.model)  # its faults are the command's: first
        self.judged = judging(settings)
        self.behaviours = self.judged.rows
        self.bus: Bus = _bus(settings.redis_url)
        self.relay: Relay = _relay(settings.redis_url)
        self.repository = Repository(open_engine(settings.database_url))
        self.writer = StoreWriter(self.repository, node=self.name)
        self.scheduler = Scheduler(self.worker, SchedulerConfig())
        self._ears = ThreadPoolExecutor(EARS, thread_name_prefix="ears")
        self.parts = session_parts(
            settings,
            self.judged,
            transcriber=self.scheduler,
            ears=self._ears,
            sink=Outlet(self.bus, self.writer, self.metrics),
        )
        self.switchboard = Switchboard(
            self.parts,
            limits=settings.limits,
            floor=settings.profile,
            metrics=self.metrics,
            admission=self._admission,
            known=self._is_known,
            flush=self.writer.flush,
        )
        self.live = live_board(self.bus, self.repository, self.behaviours)
        self.commands = BusCommands(self.bus)
        self.listening = Listening(self.relay, self._session)
        self.lagging = LagWatch(
            self.bus,
            calls=self.switchboard.sessions,
            partial_lines=lambda: self._partial_every() is not None,
            metrics=self.metrics,
        )
        self.jobs = RecordingJobs(
            self.repository,
            self.parts,
            node=self.name,
            limits=settings.limits,
            metrics=self.metrics,
        )
        self._stack = AsyncExitStack()
        self._background: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Node:
        log.info("node_starting", node=self.name, model=self.settings.model.name)
        async with AsyncExitStack() as opening:
            opening.callback(self._ears.shutdown)
            opening.push_async_callback(self.repository.aclose)
            await _prepare(self.settings.database_url)
            opening.push_async_callback(self.bus.close)
            opening.push_async_callback(self.relay.close)
            opening.push_async_callback(self.listening.aclose)
            opening.push_async_callback(self.writer.aclose)
            shared_network()  # before the first call, so that missing weights are told now
            await self.worker.start()
            opening.push_async_callback(self.worker.stop)
            await asyncio.get_running_loop().run_in_executor(self._ears, warm_up, self.parts)
            opening.push_async_callback(self._stop_background)
            self._start_background()
            await self._end_abandoned()
            await opening.enter_async_context(self.switchboard)
            self._stack = opening.pop_all()
        log.info("node_started", node=self.name, model=self.settings.model.name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)
        log.info("node_stopped", node=self.name)

    async def drain(self) -> None:
        """Refuse new calls and wait for those there are."""
        await self.switchboard.drain()

    def checks(self) -> Mapping[str, str | None]:
        """Every part that must work, and why it does not."""
        refusal = self._admission()
        return {
            "engine": None if self.worker.stats().ready else "the recogniser is being started",
            "speed": refusal.message if refusal else None,
            "store": None if self.writer.healthy else "the database cannot be written to",
            "bus": None if getattr(self.bus, "healthy", True) else "Redis is away",
            "live": None if self.live.feed.ready else "live calls are still being read",
            "background": "a part has stopped: see the log"
            if any(t.done() for t in self._background)
            else None,
            "intake": "the server is shutting down" if self.switchboard.draining else None,
        }

    def notes(self) -> Mapping[str, str]:
        """What works less well than it could, and keeps no call away."""
        return self.judged.notes

    def refresh_metrics(self) -> None:
        self.metrics.scheduler(self.scheduler.stats(), partial_every=self._partial_every())
        self.metrics.worker_memory.set(self.worker.stats().rss_bytes)
        self.metrics.consoles.set(self.live.fanout.statistics.consoles)

    def _admission(self) -> Overloaded | None:
        """Why speech recognition has no room for one more call; None while it has."""
        return self.scheduler.admission(len(self.switchboard))

    def _partial_every(self) -> Seconds | None:
        return self.scheduler.pace(self.settings.partial_seconds)

    def _session(self, call_id: str) -> CallSession | None:
        live = self.switchboard.find(call_id)
        return live.session if live else None

    async def _is_known(self, call_id: str) -> bool:
        return await self.repository.call(call_id) is not None

    async def _end_abandoned(self) -> None:
        """Calls that an earlier process of this node left live have ended with it."""
        for record in await self.repository.abandon(self.name):
            log.warning("call_abandoned", call_id=record.call_id)
            await self.bus.publish(LIVE, write_record(record))

    def _start_background(self) -> None:
        for name, work in (
            ("live", self.live.feed.run()),
            ("commands", follow_commands(self.bus, self._session, self.listening)),
            ("jobs", self.jobs.run()),
            ("lag", self.lagging.run()),
            ("memory", give_back()),
        ):
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(_tell_failure)
            self._background.append(task)

    async def _stop_background(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)


def _tell_failure(task: asyncio.Task[None]) -> None:
    """A part that should run until the node stops has failed: not to go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(
            "background_failed", part=task.get_name(), error=type(error).__name__, where=innermost(error)
        )


async def _prepare(database_url: str) -> None:
    """Bring the store to this release's schema. Raises `ConfigError` when it cannot be used."""
    try:
        await upgrade(database_url)
    except (SQLAlchemyError, OSError) as error:
        name = type(error).__name__
        raise ConfigError(f"the database cannot be used ({name}): see CALLCUE_DATABASE_URL") from error
