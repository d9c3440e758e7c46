"""Recordings sent over HTTP: taken at once, scored in turn behind the live calls."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.batch import score_recording, scorecard_of
from service.recordings import Recording
from service.settings import LimitSettings
from service.store.jobs import Job
from service.store.repository import Repository
from service.store.writer import BACKOFF_SECONDS, POISON
from service.telemetry.logs import innermost
from service.telemetry.metrics import Metrics
from service.wire import to_json
from streaming.errors import CallcueError, CallExists, Overloaded, TooLarge, first_cause
from streaming.events import CallInfo, Record
from streaming.session import SessionParts

log = structlog.get_logger()

T = TypeVar("T")

KIND = "recording"
_WAITING = 100  # jobs that may wait on this node
_AT_ONCE = 2
_PROGRESS_EVERY = 1.0  # seconds between notes of progress in the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A recording on this node's disk until it is scored; `folder` is its own and is removed after."""

    folder: Path
    recording: Recording
    call: CallInfo


class RecordingJobs:
    """A few at a time: one's beginning and end leave the engine to the other. Live calls come first in the
    scheduler, and keep a slot of the engine to themselves."""

    def __init__(
        self,
        repository: Repository,
        parts: SessionParts,
        *,
        node: str,
        limits: LimitSettings,
        metrics: Metrics,
    ) -> None:
        self._repository = repository
        self._parts = parts
        self._node = node
        self._limits = limits
        self._metrics = metrics
        self._waiting: deque[tuple[str, Upload]] = deque()
        self._taken: set[str] = set()  # ids of calls that wait or are being scored
        self._arrived = asyncio.Event()
        self._prefix = f"callcue-upload-{sha256(node.encode()).hexdigest()[:12]}-"

    def new_folder(self) -> Path:
        """Where an upload is written while it comes in."""
        return Path(tempfile.mkdtemp(prefix=self._prefix))

    def check_size(self, size: int) -> None:
        """Raises `TooLarge`."""
        if size > self._limits.upload_bytes:
            raise TooLarge(f"a recording may have at most {self._limits.upload_bytes} bytes")

    async def submit(self, upload: Upload) -> Job:
        """Raises `CallExists` for a call id that is taken, `Overloaded` when too many wait, `TooLarge`."""
        if upload.recording.seconds > self._limits.call_seconds:  # a few bytes at 1 Hz are hours, too
            raise TooLarge(f"a recording may be {self._limits.call_seconds:g} s long, as a call may")
        if len(self._waiting) >= _WAITING:
            raise Overloaded("too many recordings wait here; try again later", retry_after=30.0)
        call_id = upload.call.call_id
        if call_id in self._taken:
            raise CallExists("a recording with this id is being scored: give every call its own id")
        self._taken.add(call_id)
        try:
            if await self._repository.call(call_id) is not None:
                raise CallExists("a call with this id is stored: give every call its own id")
            request = {"call_id": call_id, "seconds": upload.recording.seconds}
            job = await self._repository.jobs.create(KIND, request, node=self._node)
        except BaseException:
            self._taken.discard(call_id)
            raise
        self._waiting.append((job.id, upload))
        self._arrived.set()
        return job

    async def run(self) -> None:
        """Until cancelled, when what waits goes with its audio; a recording that fails fails alone."""
        try:
            await asyncio.to_thread(self._remove_left_uploads)
            await _patiently(self._fail_lost)
            async with asyncio.TaskGroup() as side_by_side:
                for _ in range(_AT_ONCE):
                    side_by_side.create_task(self._one_after_the_other())
        finally:
            for _, upload in self._waiting:
                shutil.rmtree(upload.folder, ignore_errors=True)

    async def _one_after_the_other(self) -> None:
        while True:
            await self._next()

    async def _next(self) -> None:
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        job_id, upload = self._waiting.popleft()
        try:
            await self._score(job_id, upload)
        except Exception as error:  # supervision point: a job whose end the store does not take
            log.error("job_not_ended", error=type(error).__name__, where=innermost(error))
        finally:
            self._taken.discard(upload.call.call_id)
            shutil.rmtree(upload.folder, ignore_errors=True)

    async def _fail_lost(self) -> None:
        """What an earlier process of this node had taken is gone with its temporary files."""
        message = "the service was restarted before this was scored: send the recording again"
        for state in ("queued", "running"):
            for job in await self._repository.jobs.list(state=state, limit=1000):
                if job.node == self._node and job.request.get("call_id") not in self._taken:
                    await self._repository.jobs.update(job.id, state="failed", error=message)

    def _remove_left_uploads(self) -> None:
        for folder in Path(tempfile.gettempdir()).glob(f"{self._prefix}*"):
            shutil.rmtree(folder, ignore_errors=True)

    async def _score(self, job_id: str, upload: Upload) -> None:
        jobs = self._repository.jobs
        await _patiently(lambda: jobs.update(job_id, state="running"))
        try:
            records = await self._with_progress(job_id, upload)
            # In one transaction: the call is there whole or not at all, and never looks live.
            await _patiently(lambda: self._repository.append(records, node=self._node))
        except Exception as failure:  # supervision point: one recording's failure
            cause = first_cause(failure)
            told = cause.message if isinstance(cause, CallcueError) else "scoring failed on the server's side"
            log.warning("recording_failed", error=type(cause).__name__, where=innermost(cause))
            await _patiently(lambda: jobs.update(job_id, state="failed", error=told))
            return
        for record in records:
            self._metrics.observe(record.event)
        result = {"call_id": upload.call.call_id, "scorecard": to_json(scorecard_of(records))}
        await _patiently(lambda: jobs.update(job_id, state="done", progress=1.0, result=result))

    async def _with_progress(self, job_id: str, upload: Upload) -> Sequence[Record]:
        share = 0.0

        def on_progress(now: float) -> None:
            nonlocal share
            share = now

        async def note() -> None:
            while True:
                await asyncio.sleep(_PROGRESS_EVERY)
                with suppress(SQLAlchemyError, OSError):  # the next note may succeed
                    await self._repository.jobs.update(job_id, progress=round(share, 3))

        noting = asyncio.ensure_future(note())
        try:
            return await score_recording(upload.recording, upload.call, self._parts, on_progress)
        finally:
            noting.cancel()
            with suppress(asyncio.CancelledError):
                await noting


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """`work`, tried again while the database is away: an hour's scoring must not be lost to its restart."""
    pause, longest = BACKOFF_SECONDS
    while True:
        try:
            return await work()
        except POISON:
            raise
        except (SQLAlchemyError, OSError) as error:
            log.warning("job_store_away", error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)
