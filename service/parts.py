"""What sessions are made of: models, detectors, alert rules, and the engine behind them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import structlog

from detectors.base import signals_read
from models.affect import CallVoice
from models.process import ProcessWorker
from models.prosody import PitchMeter
from models.scheduler import Scheduler
from models.scripted import ScriptedEngineFactory, scenario_from
from models.vad import SileroVoiceActivity, shared_network
from models.whisper import EngineConfig, WhisperFactory
from models.worker import EngineFactory, EngineWorker, ThreadWorker
from service.engine_choice import engine_choice
from service.judging import Judging, judging
from service.settings import ModelSettings, Settings
from service.wire import decode_event, decode_record, encode_event, encode_record
from streaming.errors import ConfigError
from streaming.events import CallInfo, Party, Record, Utterance, Word
from streaming.ports import SAMPLE_RATE, RecordSink
from streaming.session import SessionConfig, SessionParts

log = structlog.get_logger()

EARS = 2
"""Threads for prosody, and for resampling and voice activity where a call has more to hear than a moment."""


def session_parts(
    settings: Settings, judged: Judging, *, transcriber: Scheduler, ears: Executor, sink: RecordSink
) -> SessionParts:
    """What every session is made of: models, detectors, alert rules."""
    wanted = signals_read(judged.policy.off)
    meter = PitchMeter() if wanted else None
    return SessionParts(
        transcriber=transcriber,
        voice=SileroVoiceActivity,
        executor=ears,
        judges=judged.bench,
        desk=judged.desk,
        keeper=judged.keeper,
        sink=sink,
        prosody=lambda call: None if meter is None else CallVoice(meter, wanted),
        pace=transcriber.pace,
        over=transcriber.settle,
        pondering=judged.pondering,
        config=SessionConfig(
            partial_every=settings.partial_seconds, buffered=settings.limits.buffered_seconds
        ),
    )


def warm_up(parts: SessionParts) -> None:
    """Load what loads on first use (networks, lexicons), so that the first call does not wait for it."""
    call = CallInfo(call_id="warm-up")
    second = np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * np.float32(0.05)) * np.float32(0.1)
    parts.voice().probabilities(second[: len(second) // 512 * 512])
    meter = parts.prosody(call)
    if meter is not None:
        meter.measure(second, speaker=Party.CUSTOMER, start=0.0)
    words = tuple(Word(text=text, start=0.0, end=1.0) for text in ("Hello,", "my", "name", "is", "Ann."))
    line = Utterance(speaker=Party.AGENT, id="a1", revision=0, start=0, end=1, words=words, final=True)
    if (work := parts.pondering(call)(line)) is not None:
        work()
    parts.judges(call).feed(line)
    decode_event(encode_event(line))  # their readers are made at first use, on the event loop
    decode_record(encode_record(Record(call_id="warm-up", seq=1, event=line)))


@asynccontextmanager
async def offline_parts(settings: Settings) -> AsyncGenerator[SessionParts, None]:
    """An engine and everything to score recordings with, without store, bus or sockets."""
    worker = make_worker(settings.model)
    judged = judging(settings)
    ears = ThreadPoolExecutor(EARS, thread_name_prefix="ears")
    try:
        shared_network()
        await worker.start()
        yield session_parts(settings, judged, transcriber=Scheduler(worker), ears=ears, sink=Nowhere())
    finally:
        await worker.stop()
        ears.shutdown()


class Nowhere:
    """A sink for records that are collected elsewhere."""

    async def put(self, records: Sequence[Record], /) -> None:
        pass


def make_worker(model: ModelSettings) -> EngineWorker:
    """Where the engine runs. Raises `ConfigError` for a script, a GPU or a compute type that is not there."""
    factory: EngineFactory
    if model.worker == "scripted":
        if model.script is None:
            raise ConfigError("CALLCUE_MODEL__WORKER=scripted needs CALLCUE_MODEL__SCRIPT, a truth file")
        factory = ScriptedEngineFactory(scenario=scenario_from(model.script))
        return ThreadWorker(factory, slots=model.slots or 2)
    chosen = engine_choice(model)
    log.info(
        "engine_chosen",
        model=chosen.model,
        device=chosen.device,
        compute_type=chosen.compute_type,
        slots=chosen.slots,
        threads=chosen.threads,
        reason=chosen.why,
    )
    config = EngineConfig(
        model_path=chosen.model,
        device=chosen.device,
        compute_type=chosen.compute_type,
        slots=chosen.slots,
        threads=chosen.threads,
        names=model.names,
        hints=model.hints,
    )
    if chosen.batch is not None:
        config = replace(config, batch=chosen.batch)
    if model.worker == "thread":
        return ThreadWorker(WhisperFactory(config), slots=chosen.slots, batch=config.batch)
    return ProcessWorker(WhisperFactory(config), slots=chosen.slots, batch=config.batch)
