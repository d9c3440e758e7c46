"""`callcue serve`: the service itself."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Annotated

import typer

from service.settings import ModelSettings, Settings, load_settings
from service.telemetry.logs import configure_logs


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; anything but loopback needs tokens.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Whisper weights: a name of `callcue models list`, a folder, or auto."),
    ] = None,
    calls_expected: Annotated[
        int | None, typer.Option(min=1, help="Live calls at once that --model auto plans for.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="sqlite:///FILE, or postgresql://… for several nodes.")
    ] = None,
    log_json: Annotated[bool, typer.Option(help="Logs as JSON lines.")] = False,
) -> None:
    """Serve softphones and consoles until SIGTERM or Ctrl-C, then let calls end (docs/deployment.md).

    Every setting can be given as CALLCUE_… in the environment; see `callcue config show`.
    """
    settings = with_options(
        load_settings(), host=host, port=port, model=model, calls_expected=calls_expected, database=database
    )
    configure_logs(level=settings.log_level, as_json=log_json or settings.log_json)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run_service(settings))


def with_options(
    settings: Settings,
    *,
    host: str | None = None,
    port: int | None = None,
    model: str | None = None,
    calls_expected: int | None = None,
    database: str | None = None,
) -> Settings:
    """Command-line options win over the environment."""
    given = {"host": host, "port": port, "database_url": database}
    update: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    engine = {"name": model, "calls_expected": calls_expected}
    chosen = {name: value for name, value in engine.items() if value is not None}
    if chosen:
        update["model"] = ModelSettings(**{**settings.model.model_dump(), **chosen})
    return settings.model_copy(update=update)


async def run_service(settings: Settings) -> None:
    from service.app import create_app
    from service.node import build
    from service.server import make_server

    node = build(settings)
    server = make_server(create_app(node), node, settings)
    serving = asyncio.create_task(server.serve())
    await server.until_started(serving)
    settle_memory()
    await serving


def settle_memory() -> None:
    """What there is by now stays (lexicons, networks, code): the collector need not walk through it any more,
    which took a fifth of a second each time, with every call waiting."""
    gc.collect()
    gc.freeze()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where the platform has it: a fifth less CPU a call."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop
    return uvloop.new_event_loop
