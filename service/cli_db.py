"""``callcue db``: the store's schema, its projections, and what is kept for how long."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from service.settings import load_settings
from streaming.errors import CallcueError

T = TypeVar("T")

app = typer.Typer(name="db", help="The store: schema, projections, retention.", no_args_is_help=True)

Url = Annotated[
    str | None,
    typer.Option("--url", help="sqlite:///FILE or postgresql://…; default: CALLCUE_DATABASE_URL."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


@app.command()
def upgrade(url: Url = None, revision: Annotated[str, typer.Argument()] = "head") -> None:
    """Create the tables, or bring them to what this release needs. Harmless to repeat."""
    from service.store import migrate

    _run(migrate.upgrade(_url(url), revision))
    typer.echo(f"at revision {_run(migrate.current(_url(url)))}")


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help='A revision, "-1" for one step, "base" for nothing.')],
    url: Url = None,
    yes: Yes = False,
) -> None:
    """Go back to an older schema. What the older one has no place for is lost."""
    from service.store import migrate

    if not yes:
        typer.confirm(f"Go back to {revision}? Data may be lost.", abort=True)
    _run(migrate.downgrade(_url(url), revision))
    typer.echo(f"at revision {_run(migrate.current(_url(url))) or 'base'}")


@app.command()
def current(url: Url = None) -> None:
    """Show the database's revision and the one this release needs; exit status 1 when they differ."""
    from service.store import migrate

    found, needed = _run(migrate.current(_url(url))), migrate.newest()
    typer.echo(f"database {found or 'base'}, needed {needed}")
    if found != needed:
        raise typer.Exit(1)


@app.command()
def rebuild(url: Url = None, call_id: Annotated[str | None, typer.Argument()] = None) -> None:
    """Make the table of calls anew from the stored logs: one call's row, or all."""
    from service.store.repository import Repository

    async def work() -> int:
        async with Repository.open(_url(url)) as repository:
            if call_id is None:
                return await repository.rebuild_all()
            return int(await repository.rebuild(call_id) is not None)

    typer.echo(f"{_run(work())} calls rebuilt")


@app.command()
def purge(
    older_than: Annotated[str, typer.Option(help="Age since a call's end: 90d, 12w, 36h.")],
    url: Url = None,
    yes: Yes = False,
) -> None:
    """Delete calls, words and all, that ended longer ago than that."""
    from service.store.repository import Repository

    seconds = _seconds(older_than)
    if not yes:
        typer.confirm(f"Delete every call that ended more than {older_than} ago?", abort=True)

    async def work() -> int:
        async with Repository.open(_url(url)) as repository:
            return await repository.purge(time.time() - seconds)

    typer.echo(f"{_run(work())} calls deleted")


def _url(given: str | None) -> str:
    return given or load_settings().database_url


def _seconds(age: str) -> float:
    found = re.fullmatch(r"(\d+)([hdw])", age)
    if found is None:
        raise typer.BadParameter("say hours, days or weeks: 36h, 90d, 12w", param_hint="--older-than")
    return int(found[1]) * _UNITS[found[2]]


def _run(work: Coroutine[Any, Any, T]) -> T:
    """A command's work; a database that cannot be used is one line, not a traceback."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return asyncio.run(work)
    except CallcueError as error:
        _fail(error.message)
    except (SQLAlchemyError, OSError) as error:
        _fail(f"the database cannot be used ({type(error).__name__}); is it there, and `db upgrade` run?")


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg="red")
    raise typer.Exit(1)
