"""The legacy stack's design: ``python -m scripts.bench.replaced MODEL REQUEST_ID``.

Every poll verifies the token, reads the job from the database and asks fal for its state. The
clients of fal and of the database are created when the process starts. The delivery, which ran
inside the poll of a completed job, is left out: no job completes here.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import fal_client
import jwt
from fal_client.client import AsyncBackupDomainTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from surrealdb import AsyncSurreal, RecordID

from scripts.bench.bare import serve
from tests.support.process import ROOT
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_hosts import FalTransport
from tests.support.tokens import SECRET

MODEL, REQUEST_ID = sys.argv[1:]
STATUSES = {
    fal_client.Queued: "pending",
    fal_client.InProgress: "processing",
    fal_client.Completed: "completed",
}
TABLE = ROOT / "tests/support/legacy_video_job.surql"

database = AsyncSurreal(f"surrealkv://{Path('surreal').absolute()}")
fal = fal_client.AsyncClient(key=FalStandIn.key)


async def status(request: Request) -> Response:
    """``GET /status?jobId=``, where a job's id is fal's request id."""
    _scheme, _, token = request.headers["authorization"].partition(" ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    job_id = request.query_params["jobId"]
    job = await database.select(RecordID("video_job", job_id))
    if job is None or job["user"] != claims["sub"]:
        return JSONResponse({"error": "not found"}, 404)
    progress = await fal.status(MODEL, job_id)
    return JSONResponse({"jobId": job_id, "status": STATUSES[type(progress)]})


async def ready(_request: Request) -> Response:
    return JSONResponse({"status": "ready"})


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    await database.connect()
    await database.use("video", "video")
    await database.query(TABLE.read_text())
    await database.query(
        "CREATE type::record('video_job', $id) SET user = 'ada', user_email = 'ada@localhost',"
        " template_slug = 'night-life-roller', start_key = 'start.png', status = 'processing',"
        " created_at = time::now(), updated_at = time::now()",
        {"id": REQUEST_ID},
    )
    yield


if __name__ == "__main__":
    app = Starlette(
        routes=[Route("/status", status), Route("/readyz", ready)],
        lifespan=lifespan,
    )
    here = partial(AsyncBackupDomainTransport, transport=FalTransport(int(os.environ["FAL_PORT"])))
    with mock.patch("fal_client.client.AsyncBackupDomainTransport", here):
        serve(app)
