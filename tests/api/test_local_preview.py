"""A video that local fal made says so."""

from app.api.job_presentation import job_json
from app.domain.job import Job
from app.local_fal.generation import Generation
from tests.support.job_rows import WAITING


def test_only_requests_of_local_fal_are_previews() -> None:
    local = Generation(model="fal-ai/test", arguments={}).id
    shown = [
        job_json(Job.from_row(WAITING | {"fal_request_id": request})).get("localPreview")
        for request in (local, "764cabcf-b745-4b3e-ae38-1200304cf45b", None)
    ]
    assert shown == [True, None, None]
