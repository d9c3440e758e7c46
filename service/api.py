"""The HTTP API: calls, behaviours, recordings to score, and the schema of it all."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi import Path as PathParam
from fastapi.responses import Response
from pydantic_core import to_json as dump_json

from detectors.base import Behaviour
from service.auth import Gate, bearer
from service.batch import recording_call
from service.jobs import RecordingJobs, Upload
from service.live import LiveView
from service.recordings import BOTH, Source, open_recording
from service.store.jobs import Job
from service.store.projection import CallRow
from service.store.repository import Repository
from service.switchboard import stricter
from service.uploads import guarded_route
from service.wholeview import whole_view
from service.wire import call_info, event_schema, to_json
from streaming.cards import AlertPolicy
from streaming.errors import NotFound, PartiesUnknown
from streaming.events import Party, Profile

_CHUNK = 1 << 20
_PLAIN = r"^[^\x00-\x1f\x7f]*$"  # PostgreSQL takes no NUL
_Id = Annotated[str, PathParam(max_length=128, pattern=_PLAIN)]


def api_router(
    *,
    repository: Repository,
    view: LiveView,
    jobs: RecordingJobs,
    behaviours: Mapping[str, Behaviour],
    policy: AlertPolicy,
    gate: Gate,
    profile: Profile,
    upload_bytes: int,
) -> APIRouter:
    router = APIRouter(prefix="/v1")
    check = gate.require("console")
    guarded = APIRouter(dependencies=[Depends(check)])
    uploads = APIRouter(route_class=guarded_route(check, upload_bytes))
    _add_open(router, gate, profile)
    _add_calls(guarded, repository, view)
    _add_catalogue(guarded, behaviours, policy)
    _add_jobs(guarded, repository)
    _add_recordings(uploads, jobs, profile)
    router.include_router(guarded)
    router.include_router(uploads)
    return router


def _add_open(router: APIRouter, gate: Gate, profile: Profile) -> None:
    @router.get("/config", tags=["console"])
    async def config(request: Request) -> dict[str, Any]:
        """What a page must know before it can connect; `listening`: whether the token of this request may."""
        tokens = gate.tokens
        return {
            "version": version("callcue"),
            "auth": tokens.needed("console"),
            "profile": profile,
            "listening": tokens.check(bearer(request.headers), "listening"),
            "desk_auth": tokens.needed("desk"),
            "softphone_auth": tokens.needed("softphone"),
        }


def _add_calls(router: APIRouter, repository: Repository, view: LiveView) -> None:
    @router.get("/calls", tags=["calls"])
    async def calls(
        state: Literal["live", "ended"] | None = None,
        agent: Annotated[str | None, Query(max_length=128, pattern=_PLAIN)] = None,
        team: Annotated[str | None, Query(max_length=128, pattern=_PLAIN)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        before: Annotated[str | None, Query(max_length=300, pattern=_PLAIN)] = None,
    ) -> Response:
        """Stored calls, newest first; `next` goes into `before` for the page after this one.

        A live call's row tells how far it is behind (`lag`, seconds) and whether its lines are shown as they
        grow (`partial_lines`); both are null in other rows.
        """
        rows = await repository.calls(state=state, agent=agent, team=team, limit=limit, before=before)
        cursor = rows[-1].cursor if len(rows) == limit else None
        return _json({"calls": [_row(row, view) for row in rows], "next": cursor})

    @router.get("/calls/{call_id}", tags=["calls"])
    async def call(call_id: _Id) -> Response:
        """One call as a supervisor sees it, whole: what memory let go of is read from the store."""
        return _json(await whole_view(repository, view.view(call_id), call_id))

    @router.get("/calls/{call_id}/events", tags=["calls"])
    async def events(
        call_id: _Id,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    ) -> Response:
        """The call's log behind `after`, in order."""
        records = await repository.events(call_id, after=after, limit=limit)
        if not records and await repository.call(call_id) is None:
            raise NotFound("no such call is stored")
        return _json({"records": records})


def _row(row: CallRow, view: LiveView) -> dict[str, Any]:
    lag = view.lag(row.call_id)
    told = {"lag": lag and lag.seconds, "partial_lines": lag and lag.partial_lines}
    return to_json(row) | told


def _add_catalogue(router: APIRouter, behaviours: Mapping[str, Behaviour], policy: AlertPolicy) -> None:
    @router.get("/behaviours", tags=["catalogue"])
    async def catalogue() -> Response:
        """Every behaviour: what opens an opportunity, thresholds, alert rules; and what is pushed of them."""
        told = to_json(policy) | {"off": sorted(policy.off)}
        return _json({"behaviours": list(behaviours.values()), "policy": told})

    @router.get("/schema", tags=["catalogue"])
    async def schema() -> Response:
        """JSON Schema of a call's records."""
        return _json(event_schema())


def _add_recordings(router: APIRouter, jobs: RecordingJobs, profile: Profile) -> None:
    @router.post("/recordings", status_code=202, tags=["recordings"])
    async def recordings(
        file: UploadFile | None = None,
        agent_file: UploadFile | None = None,
        customer_file: UploadFile | None = None,
        call_id: Annotated[str | None, Form()] = None,
        agent: Annotated[str | None, Form()] = None,
        team: Annotated[str | None, Form()] = None,
        customer_name: Annotated[str | None, Form()] = None,
        wanted_profile: Annotated[Profile | None, Form(alias="profile")] = None,
    ) -> Response:
        """Score a recording: `file` (agent on channel 0, customer on 1), or one file a party."""
        files = _by_party(file, agent_file, customer_file)
        call = recording_call(
            call_id=call_id,
            parties=tuple(party for _, parties in files for party in parties),
            profile=stricter(wanted_profile, profile),
            agent=agent,
            team=team,
            customer_name=customer_name,
        )
        checked = call_info({**to_json(call), "parties": call.parties})
        folder = jobs.new_folder()
        try:
            sources = [await _spool(part, parties, folder, jobs) for part, parties in files]
            recording = await asyncio.to_thread(open_recording, sources)
            upload = Upload(folder=folder, recording=recording, call=checked)
            job = await jobs.submit(upload)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return _json(_job_view(job), status=202, headers={"Location": f"/v1/jobs/{job.id}"})


def _add_jobs(router: APIRouter, repository: Repository) -> None:
    @router.get("/jobs/{job_id}", tags=["recordings"])
    async def job(job_id: _Id) -> Response:
        """How far a job is, and its scorecard when it is done."""
        found = await repository.jobs.get(job_id)
        if found is None:
            raise NotFound("no such job is known")
        return _json(_job_view(found))


def _by_party(
    both: UploadFile | None, agent: UploadFile | None, customer: UploadFile | None
) -> list[tuple[UploadFile, tuple[Party, ...]]]:
    if both is not None and agent is None and customer is None:
        return [(both, BOTH)]
    split = ((agent, Party.AGENT), (customer, Party.CUSTOMER))
    files: list[tuple[UploadFile, tuple[Party, ...]]] = [
        (part, (party,)) for part, party in split if part is not None
    ]
    if both is not None or not files:
        raise PartiesUnknown("send one stereo `file`, or `agent_file` and `customer_file` (or one of them)")
    return files


async def _spool(part: UploadFile, parties: tuple[Party, ...], folder: Path, jobs: RecordingJobs) -> Source:
    path = folder / parties[0] / _file_name(part.filename)
    path.parent.mkdir()
    jobs.check_size(part.size or 0)
    await asyncio.to_thread(_copy, part, path)
    return Source(path=path, parties=parties)


def _copy(part: UploadFile, path: Path) -> None:
    with path.open("wb") as out:
        shutil.copyfileobj(part.file, out, _CHUNK)


def _file_name(given: str | None) -> str:
    """What messages call the file by: the end of its name, in letters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", Path(given or "").name)[-80:].lstrip(".") or "recording"


def _job_view(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "progress": job.progress,
        "call_id": job.request.get("call_id"),
        "result": job.result,
        "error": job.error,
    }


def _json(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dump_json(body), status_code=status, headers=headers, media_type="application/json")
