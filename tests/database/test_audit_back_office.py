"""The audit names what the back office did and what it cannot have done."""

import pytest

from app.database.audit import audit
from scripts.audit import report
from tests.support.service import Running

pytestmark = pytest.mark.unaudited

ALLOW_ALL = "REMOVE EVENT admin_action_append_only ON admin_action;"
DAMAGE = {
    "a job ended without an action": (
        "DELETE admin_action WHERE action = 'fail'",
        "was ended by admin_action",
    ),
    "an action of another job": (
        "UPDATE $other SET ended_by = (SELECT VALUE ended_by FROM ONLY $ended)",
        "names another job",
    ),
    "a job ended by support that is not failed": (
        "UPDATE $ended SET error_code = 'fal_rejected'",
        "was ended by support, but is failed",
    ),
    "an action that ended nothing": ("UPDATE $ended SET ended_by = NONE", "(fail) had no effect"),
    "a suspension without an account": (
        "CREATE admin_action:a SET action = 'suspend', key = 'k', user = 'nobody'",
        "(suspend) had no effect",
    ),
    "a suspension without an action": (
        "UPDATE credit_account:bob SET suspended = true",
        "is suspended without an action",
    ),
    "a switch without an action": (
        "CREATE template_switch:⟨dance-floor⟩ SET enabled = false",
        "is off without an action",
    ),
    "an erasure that was never asked for": (
        "CREATE admin_action:a SET action = 'erase', key = 'k', user = 'nobody'",
        "(erase) had no effect",
    ),
    "an action without a switch": (
        "CREATE admin_action:a SET action = 'enable', key = 'k', template = 'gone'",
        "(enable) had no effect",
    ),
}


@pytest.mark.parametrize(("statement", "finding"), DAMAGE.values(), ids=DAMAGE.keys())
async def test_damage_is_found(
    run: Running, capsys: pytest.CaptureFixture[str], statement: str, finding: str
) -> None:
    job_id = await run.submitted()
    other = await run.submitted(user="bob")
    await run.administer("POST", f"jobs/{job_id}/fail", {"reason": "r"})
    for suspended in True, False, True:
        await run.administer("PATCH", "users/ada", {"suspended": suspended})
    await run.administer("PATCH", "templates/poster-parallax", {"enabled": False})
    await run.wait_for_background()
    assert await audit(run.service.database, run.service.storage, read=False) == []
    await run.service.database.run_script(ALLOW_ALL)
    for answer in await run.service.database.run_script(
        f"LET $ended = type::record('video_job', $job); "
        f"LET $other = type::record('video_job', $second); {statement}",
        job=job_id,
        second=other,
    ):
        assert answer["status"] == "OK", answer
    assert await report(run.service.database, run.service.storage, read=False) == 1
    assert finding in capsys.readouterr().out
