"""A softphone: plays a recording into a running service as a call, native or as Twilio would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from service.recordings import Recording
from streaming.audio import Encoding, encode, interleave
from streaming.dialects.native import audio_message, bye_message, hello_message
from streaming.dialects.twilio import Track
from streaming.dialects.twilio_client import TwilioClient
from streaming.events import CallInfo, Party, Profile

FRAME_SECONDS = 0.02
_AHEAD = 1.5  # seconds of audio sent but not yet taken up, when playing faster than real time

Framing = Literal["native", "twilio"]
OnMessage = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAudio:
    """Both parties' audio: float32, shape ``(parties, n)``, at `rate`."""

    parties: tuple[Party, ...]
    rate: int
    samples: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[1] / self.rate)

    def at_rate(self, rate: int) -> CallAudio:
        if rate == self.rate:
            return self
        resampled = np.stack([soxr.resample(channel, self.rate, rate) for channel in self.samples])
        return CallAudio(parties=self.parties, rate=rate, samples=resampled.astype(np.float32))


def load(recording: Recording) -> CallAudio:
    """The whole recording in memory; a party whose file is shorter is silent at its end."""
    samples = np.zeros((len(recording.parties), recording.frames), dtype=np.float32)
    for blocks in recording.blocks():
        for block in blocks:
            row = recording.parties.index(block.party)
            samples[row, block.position : block.position + len(block.samples)] = block.samples
    return CallAudio(parties=recording.parties, rate=recording.rate, samples=samples)


def generated(seconds: float, *, rate: int = 8000, seed: int = 1) -> CallAudio:
    """Two parties taking turns in speech-shaped noise: for trying a connection, not for words."""
    noise = np.random.default_rng(seed).standard_normal((2, int(seconds * rate))).astype(np.float32)
    time = np.arange(noise.shape[1]) / rate
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0, 1) * 0.1
    agent_speaks = (time % 8) < 4
    gains = np.stack([syllables * agent_speaks, syllables * ~agent_speaks])
    return CallAudio(
        parties=(Party.AGENT, Party.CUSTOMER), rate=rate, samples=(noise * gains).astype(np.float32)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Softphone:
    """How to play: `speed` 1 is real time, 0 as fast as the service takes it up."""

    url: str
    call: CallInfo
    encoding: Encoding = Encoding.MULAW
    profile: Profile | None = None
    framing: Framing = "native"
    speed: float = 1.0
    token: str | None = None

    async def play(self, audio: CallAudio, on_message: OnMessage = lambda message: None) -> dict[str, Any]:
        """Play the call to its end; returns the scorecard (empty from Twilio's side, which hears none).

        Every message of the service goes to `on_message`. Raises `websockets.ConnectionClosed` when the
        service closes early; the close code says why.
        """
        path = "/v1/calls/stream" if self.framing == "native" else "/v1/twilio"
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else None
        async with connect(self.url.rstrip("/") + path, additional_headers=headers) as socket:
            if self.framing == "twilio":
                await self._play_twilio(socket, audio.at_rate(8000))
                return {}
            return await _Native(self, socket, audio, on_message).play()

    async def _play_twilio(self, socket: ClientConnection, audio: CallAudio) -> None:
        tracks: dict[Party, Track] = {Party.AGENT: "outbound", Party.CUSTOMER: "inbound"}
        facts = {"agent": self.call.agent, "team": self.call.team, "customer_name": self.call.customer_name}
        custom = {key: value for key, value in {**facts, "profile": self.profile}.items() if value}
        used = tuple(tracks[party] for party in audio.parties)
        client = TwilioClient(self.call.call_id, tracks=used, custom=custom)
        await socket.send(client.connected())
        await socket.send(client.start())
        async for position, channels in self._paced(audio):
            for party, samples in zip(audio.parties, channels, strict=True):
                payload = encode(Encoding.MULAW, samples)
                await socket.send(client.media(tracks[party], position, payload))
        await socket.send(client.stop())
        async for _ in socket:  # until it closes, which raises when that is not as it should be
            pass

    async def _paced(self, audio: CallAudio) -> AsyncIterator[tuple[int, NDArray[np.float32]]]:
        """Frames at their time; late ones follow at once, so that the stream does not drift."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for position, channels in _frames(audio):
            if self.speed > 0:
                due = began + (position + channels.shape[1]) / audio.rate / self.speed
                await asyncio.sleep(max(0.0, due - loop.time()))
            yield position, channels


def _frames(audio: CallAudio) -> Iterator[tuple[int, NDArray[np.float32]]]:
    size = round(FRAME_SECONDS * audio.rate)
    for position in range(0, audio.samples.shape[1], size):
        yield position, audio.samples[:, position : position + size]


class _Native:
    """One native connection: frames out, messages in."""

    def __init__(
        self, phone: Softphone, socket: ClientConnection, audio: CallAudio, on_message: OnMessage
    ) -> None:
        self._phone = phone
        self._socket = socket
        self._audio = audio
        self._on_message = on_message
        self._heard = 0
        self._more_heard = asyncio.Event()
        self._ready = asyncio.Event()
        self._scorecard: dict[str, Any] = {}

    async def play(self) -> dict[str, Any]:
        phone = self._phone
        hello = hello_message(phone.call, phone.encoding, self._audio.rate, profile=phone.profile)
        await self._socket.send(hello)
        sending = asyncio.ensure_future(self._send())
        try:
            await self._receive()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return self._scorecard

    async def _receive(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            self._on_message(message)
            match message["type"]:
                case "ready":
                    self._ready.set()
                case "ack":
                    self._heard = message["heard"]
                    self._more_heard.set()
                case "done":
                    self._scorecard = message["scorecard"]

    async def _send(self) -> None:
        await self._ready.wait()
        async for position, channels in self._phone._paced(self._audio):
            await self._wait_for_room(position)
            encoding = self._phone.encoding
            await self._socket.send(
                audio_message(
                    position, interleave(encoding, tuple(encode(encoding, samples) for samples in channels))
                )
            )
        await self._socket.send(bye_message())

    async def _wait_for_room(self, position: int) -> None:
        """Faster than real time: no more is sent than the service says it can hold."""
        if self._phone.speed == 1.0:
            return
        while position - self._heard > _AHEAD * self._audio.rate:
            self._more_heard.clear()
            await self._more_heard.wait()
