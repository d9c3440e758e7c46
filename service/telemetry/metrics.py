"""Prometheus metrics, observed at the seams. No label carries a call id, a name or anybody's words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from models.scheduler import SchedulerStats
from streaming.events import (
    Alert,
    AudioGap,
    CallEnded,
    CallStarted,
    Detection,
    DetectorFailed,
    Event,
    Seconds,
    Utterance,
    WhisperDelivered,
    WordsHeldBack,
)

_LATENCY = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


class _Totals(Collector):
    """A counter by one label whose totals are counted elsewhere."""

    def __init__(self, name: str, text: str, label: str) -> None:
        self._family = (name, text, label)
        self._totals: Mapping[str, int] = {}

    def follow(self, totals: Mapping[str, int]) -> None:
        self._totals = totals

    def collect(self) -> Iterator[CounterMetricFamily]:
        name, text, label = self._family
        family = CounterMetricFamily(name, text, labels=[label])
        for value, total in self._totals.items():
            family.add_metric([value], total)
        yield family


class Metrics:
    """One registry a service, so that two services in one process (tests) do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"callcue_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"callcue_{name}", text, registry=self.registry)

        self.calls_started = counter("calls_started", "Calls started.")
        self.calls_ended = counter("calls_ended", "Calls ended.", "reason")
        self.calls_refused = counter("calls_refused", "Sockets refused or closed on an error.", "code")
        self.consoles_refused = counter("consoles_refused", "Consoles refused or closed on an error.", "code")
        self.requests_refused = counter("requests_refused", "HTTP requests answered by a problem.", "code")
        self.audio_lost = counter("audio_lost_seconds", "Seconds of audio not heard.", "reason")
        self.utterances = counter("utterances", "Final utterances.", "speaker")
        self.words_held_back = counter("words_held_back", "Words not credited to anyone.", "reason")
        self.detections = counter("detections", "Judgements.", "behaviour", "verdict")
        self.alerts = counter("alerts", "Alerts raised.", "behaviour")
        self.whispers = counter("whispers_delivered", "Whispers that reached an agent's screen.")
        self.detector_failures = counter("detector_failures", "Detectors dropped for a call.", "detector")
        self.live_calls = gauge("live_calls", "Calls live on this node.")
        self.consoles = gauge("consoles", "Console sockets on this node.")
        self.listeners = gauge("listeners", "Sockets on this node that hear a call.")
        self.queue_age = gauge("asr_oldest_seconds", "Age of the oldest live request for transcription.")
        self.asr = _Totals("callcue_asr_requests", "Requests for transcription.", "outcome")
        self.registry.register(self.asr)
        self.queued = gauge("asr_queued", "Requests waiting for transcription.")
        self.partial_every = gauge(
            "partial_every_seconds", "Seconds of speech between two partial lines now; 0 while they are off."
        )
        self.busy = Gauge(
            "callcue_asr_busy_share",
            "Share of the recogniser's slots at work lately.",
            ["priority"],
            registry=self.registry,
        )
        self.lag_max = gauge("call_lag_max_seconds", "How far the live call that is most behind is behind.")
        self.call_lag = Histogram(
            "callcue_call_lag_seconds",
            "How far live calls are behind; each is counted once a second.",
            buckets=_LATENCY,
            registry=self.registry,
        )
        self.worker_memory = gauge("asr_worker_rss_bytes", "Resident memory of the recogniser's process.")
        self.final_latency = Histogram(
            "callcue_final_latency_seconds",
            "From the arrival of an utterance's last audio to its final line, while live.",
            buckets=_LATENCY,
            registry=self.registry,
        )

    def observe(self, event: Event) -> None:
        """Count one numbered event of any call."""
        match event:
            case CallStarted():
                self.calls_started.inc()
            case CallEnded(reason=reason):
                self.calls_ended.labels(reason).inc()
            case AudioGap(start=start, end=end, reason=reason):
                self.audio_lost.labels(reason).inc(max(0.0, end - start))
            case Utterance(final=True, speaker=speaker):
                self.utterances.labels(speaker).inc()
            case WordsHeldBack(reason=reason, words=words):
                self.words_held_back.labels(reason).inc(len(words))
            case Detection(provisional=False, behaviour=behaviour, verdict=verdict):
                self.detections.labels(behaviour, verdict).inc()
            case DetectorFailed(detector=detector):
                self.detector_failures.labels(detector).inc()
            case Alert(behaviour=behaviour):
                self.alerts.labels(behaviour).inc()
            case WhisperDelivered():
                self.whispers.inc()
            case _:
                pass

    def lag(self, lags: Collection[Seconds]) -> None:
        """Every live call's lag, now."""
        self.lag_max.set(max(lags, default=0.0))
        for seconds in lags:
            self.call_lag.observe(seconds)

    def scheduler(self, stats: SchedulerStats, *, partial_every: Seconds | None) -> None:
        """How the recogniser's queue stands now."""
        self.queued.set(stats.queued_final + stats.queued_partial + stats.queued_batch)
        self.queue_age.set(stats.oldest_live_age)
        self.partial_every.set(partial_every or 0.0)
        self.busy.labels("final").set(stats.final_share)
        self.busy.labels("partial").set(stats.partial_share)
        self.asr.follow(
            {
                "done": stats.done,
                "failed": stats.failed,
                "superseded": stats.superseded,
                "shed": stats.shed,
            }
        )

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
