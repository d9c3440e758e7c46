"""`callcue stream`: a softphone that plays a recording into a running service."""

from __future__ import annotations

import asyncio
import os
import uuid
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from detectors.base import catalogue
from service.batch import CallFacts, facts_beside, stereo
from service.printing import Teleprinter, scorecard_table
from service.recordings import BOTH
from service.softphone import CallAudio, Softphone, generated, load
from service.watching import open_console, watch
from streaming.audio import Encoding
from streaming.errors import CallcueError, ConfigError, first_cause
from streaming.events import CallInfo, Party, Profile, Scorecard

OUT = Console(highlight=False)


def stream(
    recording: Annotated[
        Path | None, typer.Argument(help="A recording: agent on channel 0, customer on channel 1.")
    ] = None,
    url: Annotated[str, typer.Option(help="The service.")] = "ws://127.0.0.1:8765",
    framing: Annotated[str, typer.Option(help="native | twilio")] = "native",
    encoding: Annotated[
        Encoding, typer.Option(help="How samples are sent (native framing).")
    ] = Encoding.MULAW,
    speed: Annotated[float, typer.Option(help="1 is real time, 0 as fast as the service takes it.")] = 1.0,
    generate: Annotated[
        float | None, typer.Option(help="Instead of a recording: so many seconds of speech-shaped noise.")
    ] = None,
    party: Annotated[
        Party | None, typer.Option(help="Who is on a mono recording; leave out for two channels.")
    ] = None,
    call_id: Annotated[str | None, typer.Option(help="The call's id; made up if left out.")] = None,
    agent: Annotated[str | None, typer.Option()] = None,
    team: Annotated[str | None, typer.Option()] = None,
    customer_name: Annotated[str | None, typer.Option(help="If the call's data has it.")] = None,
    profile: Annotated[Profile | None, typer.Option(help="A stricter profile than the service's.")] = None,
    quiet: Annotated[bool, typer.Option(help="Do not follow the call as a console; play only.")] = False,
) -> None:
    """Play a call into a running service and show its transcript, judgements, alerts and scorecard.

    Tokens come from CALLCUE_SOFTPHONE_TOKEN and CALLCUE_CONSOLE_TOKEN, so that they stay out of the
    process list.
    """
    if framing not in ("native", "twilio"):
        raise ConfigError("--framing is native or twilio")
    if framing == "twilio" and speed == 0:
        raise ConfigError(
            "--speed 0 needs the native framing: Twilio's side is never told how fast it may go"
        )
    audio = _audio(recording, generate, party)
    given = CallFacts(agent=agent, team=team, customer_name=customer_name)
    facts = facts_beside(recording, given) if recording else given
    phone = Softphone(
        url=url,
        call=CallInfo(
            call_id=call_id or f"call-{uuid.uuid4().hex[:12]}",
            parties=audio.parties,
            agent=facts.agent,
            team=facts.team,
            customer_name=facts.customer_name,
        ),
        encoding=encoding,
        profile=profile,
        framing="twilio" if framing == "twilio" else "native",
        speed=speed,
        token=os.environ.get("CALLCUE_SOFTPHONE_TOKEN"),
    )
    card = _connected(play_and_show(phone, audio, follow=not quiet))
    if card is not None:
        OUT.print(scorecard_table(card, catalogue(), title=f"scorecard of {phone.call.call_id}"))


def _audio(recording: Path | None, generate: float | None, party: Party | None) -> CallAudio:
    if (recording is None) == (generate is None):
        raise ConfigError("give a recording, or --generate SECONDS")
    if recording is not None:
        return load(stereo(recording, BOTH if party is None else (party,)))
    return generated(generate or 0.0)


def _connected(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except (OSError, WebSocketException, ExceptionGroup) as error:
        raise _told(first_cause(error)) from None


def _told(cause: BaseException) -> BaseException:
    """What ended the connection, in a sentence; what is no matter of connections, as it is."""
    match cause:
        case ConnectionClosed(rcvd=received):
            said = f"{received.code}: {received.reason}" if received else "without a close frame"
            return CallcueError(f"the service closed the connection ({said})")
        case InvalidStatus(response=response):
            return CallcueError(f"the service refused the connection (HTTP {response.status_code})")
        case OSError() | WebSocketException():
            name = type(cause).__name__
            return CallcueError(f"cannot reach the service ({name}): is `callcue serve` running?")
        case _:
            return cause


async def play_and_show(phone: Softphone, audio: CallAudio, *, follow: bool) -> Scorecard | None:
    """Play the call; with `follow`, print it as a console sees it and return its scorecard."""
    if not follow:
        await phone.play(audio, _print_message)
        return None
    printer = Teleprinter(OUT, catalogue())
    token = os.environ.get("CALLCUE_CONSOLE_TOKEN")
    async with open_console(phone.url, token) as socket, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(socket, phone.call.call_id, printer.show))
        await phone.play(audio)
        return await watching


def _print_message(message: dict[str, Any]) -> None:
    kinds: tuple[Literal["gap", "warn", "whisper", "error"], ...] = ("gap", "warn", "whisper", "error")
    if message["type"] in kinds:
        OUT.print({key: value for key, value in message.items() if value is not None})
