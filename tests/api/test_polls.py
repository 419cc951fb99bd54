"""A poll, which passes no routing, is answered as the route answers ``HEAD``."""

from tests.support.service import SUBMIT, Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

PATH = f"{SUBMIT}/status"


async def test_poll_is_answered_as_the_route_would(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    seen = []
    for query, token, lost in (
        (f"jobId={job_id}", bearer(), False),
        (f"jobId={job_id}", bearer("bob"), False),
        (f"jobId={job_id}", {}, False),
        ("jobId=none", bearer(), False),
        ("", bearer(), False),
        (f"jobId={job_id}", bearer(), True),
    ):
        away = run.lose_storage() if lost else None
        answers = []
        for method in ("GET", "HEAD"):
            answer = await run.client.request(method, f"{PATH}?{query}", headers=token)
            del answer.headers["X-Request-ID"]
            answers.append((answer.status_code, dict(answer.headers)))
        assert answers[0] == answers[1], query
        seen.append(answers[0][0])
        if away:
            folder = run.service.settings.storage_dir
            folder.unlink()
            away.rename(folder)
    assert seen == [200, 404, 401, 404, 400, 503]
