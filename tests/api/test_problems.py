"""Errors over HTTP that no route raises itself."""

from tests.support.ledger import CHARGED
from tests.support.refusals import assert_problem
from tests.support.service import SUBMIT, Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


async def test_unknown_route_and_wrong_method_are_problems(run: Running) -> None:
    assert_problem(await run.get("/api/nothing"), 404, "not_found")
    assert_problem(await run.client.post("/api/webhooks/fal/"), 404, "not_found")
    refused = await run.get(SUBMIT)
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    assert_problem(await run.client.delete("/api/credits"), 405, "method_not_allowed")


async def test_missing_storage_is_answered_with_503_by_every_route_that_needs_it(
    run: Running, fal: FalStandIn
) -> None:
    job_id, request_id = await run.submitted(), fal.newest
    fal.complete(request_id, small_video())
    await run.finished(job_id)
    folder = run.service.settings.storage_dir
    away = run.lose_storage()
    for path in ("/api/templates/video/status", "/api/library", "/media/users/x.mp4"):
        assert_problem(await run.get(path, jobId=job_id), 503, "storage_unavailable")
    folder.unlink()
    away.rename(folder)
    assert await run.money() == CHARGED
