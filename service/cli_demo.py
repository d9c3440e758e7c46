"""`callcue demo`: the whole product on one machine, with a call playing into it."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from websockets.exceptions import WebSocketException

from detectors.base import Behaviour
from service.batch import CallFacts, facts_beside, stereo
from service.cli_serve import with_options
from service.cli_stream import OUT, play_and_show
from service.printing import scorecard_table
from service.settings import Settings, TokenSettings, load_settings
from service.softphone import CallAudio, Softphone, load
from service.telemetry.logs import configure_logs
from streaming.errors import ConfigError
from streaming.events import CallInfo, Profile

if TYPE_CHECKING:
    from service.server import DrainingServer

SAMPLE = Path(__file__).parent.parent / "samples" / "bad_answer_call.flac"


def demo(
    recording: Annotated[
        Path | None, typer.Argument(help="Your own stereo recording: agent on channel 0, customer on 1.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the console.")] = 8765,
    model: Annotated[str, typer.Option(help="Whisper weights.")] = "tiny.en",
    speed: Annotated[float, typer.Option(help="1 is real time.")] = 1.0,
    once: Annotated[bool, typer.Option(help="End after the call instead of serving on.")] = False,
) -> None:
    """Start the service with its embedded defaults, play a call into it, and serve until Ctrl-C."""
    path = recording or SAMPLE
    if not path.exists():
        raise ConfigError(f"{path} does not exist; give a stereo recording")
    audio = load(stereo(path))
    facts = facts_beside(path, CallFacts())
    call = CallInfo(
        call_id=f"demo-{uuid.uuid4().hex[:8]}",
        parties=audio.parties,
        agent=facts.agent,
        team=facts.team,
        customer_name=facts.customer_name,
    )
    with tempfile.TemporaryDirectory(prefix="callcue-demo-") as folder:
        base = load_settings().model_copy(
            update={
                "profile": Profile.FULL,
                "host": "127.0.0.1",
                "log_level": "error",
                "redis_url": None,
                "tokens": TokenSettings(),
            }
        )
        settings = with_options(base, port=port, model=model, database=f"sqlite:///{folder}/demo.db")
        configure_logs(level=settings.log_level)
        asyncio.run(_run(settings, call, audio, speed=speed, once=once))


async def _run(settings: Settings, call: CallInfo, audio: CallAudio, *, speed: float, once: bool) -> None:
    from service.app import create_app
    from service.node import build
    from service.server import make_server

    node = build(settings)
    server = make_server(create_app(node), node, settings)
    OUT.print(f"loading the recogniser ({settings.model.name}) …")
    serving = asyncio.create_task(server.serve())
    playing = asyncio.create_task(_play(server, serving, call, audio, speed, node.behaviours))
    await asyncio.wait([serving, playing], return_when=asyncio.FIRST_COMPLETED)
    if playing.done() and not once and not (serving.done() or server.should_exit):
        OUT.print(f"\nstill serving on {_address(server)} — Ctrl-C ends it")
        await asyncio.wait([serving])
    server.should_exit = True
    playing.cancel()
    try:
        await playing
    except* (asyncio.CancelledError, OSError, WebSocketException):
        pass  # the call was cut short, by whoever ended the demo
    await serving


async def _play(
    server: DrainingServer,
    serving: asyncio.Task[None],
    call: CallInfo,
    audio: CallAudio,
    speed: float,
    rows: Mapping[str, Behaviour],
) -> None:
    await server.until_started(serving)
    address = _address(server)
    OUT.print(f"console: {address}\nsoftphone of your own: {address}/softphone/")
    OUT.print(f"playing {audio.seconds:.0f} s, profile full\n")
    phone = Softphone(url=address.replace("http", "ws", 1), call=call, speed=speed)
    card = await play_and_show(phone, audio, follow=True)
    if card is not None:
        OUT.print(scorecard_table(card, rows, title=f"scorecard of {call.call_id}"))


def _address(server: DrainingServer) -> str:
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
