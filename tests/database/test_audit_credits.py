"""The audit knows what the back office does to credits, and finds each kind of damage."""
# ruff: noqa: S608 the statements are put together from constants

from string import Template

import pytest

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

pytestmark = pytest.mark.unaudited

ALLOW_ALL = """
REMOVE EVENT credit_entry_append_only ON credit_entry;
REMOVE EVENT admin_action_append_only ON admin_action;
DEFINE FIELD OVERWRITE user ON credit_entry TYPE string;
DEFINE FIELD OVERWRITE kind ON credit_entry TYPE string;
DEFINE FIELD OVERWRITE credits ON credit_entry TYPE int;
DEFINE FIELD OVERWRITE reference ON credit_entry TYPE option<string>;
DEFINE FIELD OVERWRITE credits ON admin_action TYPE int;
"""
ENTRY = "type::record('credit_entry', ['$job', '{}'])"
CHARGE, REFUND, SECOND = ENTRY.format("charge"), ENTRY.format("refund"), ENTRY.format("refund-2")
OF_FAILED = "type::record('credit_entry', ['$failed', 'refund'])"
OF_NOBODY = "type::record('credit_entry', ['gone', 'refund'])"
AS_A_REFUND = "SET user = 'ada', kind = 'refund', credits = 10"
BALANCE = "UPDATE credit_account:ada SET balance"

MISFILED = "has a kind or a reference that does not fit its id"
UNDONE = "has no ledger entry with its user and credits"

DAMAGE = {
    "a refund without a charge": (
        f"DELETE {CHARGE}; {BALANCE} += 10",
        "$job: is completed with ledger entries ['hold', 'refund']",
    ),
    "a refund of a failed job": (
        f"CREATE {OF_FAILED} {AS_A_REFUND}; {BALANCE} += 10",
        "$failed: is failed with ledger entries ['hold', 'refund', 'release']",
    ),
    "a refund of a job that does not exist": (
        f"CREATE {OF_NOBODY} {AS_A_REFUND}; {BALANCE} += 10",
        "gone: has ledger entries but does not exist",
    ),
    "a refund of another amount": (
        f"UPDATE {REFUND} SET credits = 11; {BALANCE} += 1",
        "$job: costs 10, but its ledger entries are {'charge': 10, 'hold': 10, 'refund': 11}",
    ),
    "a refund of another user": (
        f"UPDATE {REFUND} SET user = 'bob'",
        "$job: belongs to ada, its ledger entries and library row to ['ada', 'bob']",
    ),
    "a second refund": (
        f"CREATE {SECOND} {AS_A_REFUND}; {BALANCE} += 10",
        "$job: is completed with ledger entries ['charge', 'hold', 'refund', 'refund-2']",
    ),
    "a refund under a reference": (
        f"CREATE credit_entry:x {AS_A_REFUND}, reference = 'x'; {BALANCE} += 10",
        f"ada: credit_entry:x {MISFILED}",
    ),
    "a grant with another reference": (
        "UPDATE credit_entry:payment SET reference = 'other'",
        f"ada: credit_entry:payment {MISFILED}",
    ),
    "a withdrawal without a reference": (
        "UPDATE credit_entry:dispute SET reference = NONE",
        f"ada: credit_entry:dispute {MISFILED}",
    ),
    "a withdrawal under the id of a job": (
        f"CREATE {ENTRY.format('withdrawal')} SET user = 'ada', kind = 'withdrawal', credits = 0",
        f"ada: credit_entry:['$job', 'withdrawal'] {MISFILED}",
    ),
    "a refund that is called a charge": (
        f"UPDATE {REFUND} SET kind = 'charge'; {BALANCE} -= 20",
        f"ada: credit_entry:['$job', 'refund'] {MISFILED}",
    ),
    "a grant that the account does not have": (
        f"{BALANCE} -= 50",
        "ada: balance is 80, but must be 130",
    ),
    "a withdrawal that the account still has": (
        f"{BALANCE} += 20",
        "ada: balance is 150, but must be 130",
    ),
    "a refund that the account does not have": (
        f"{BALANCE} -= 10",
        "ada: balance is 120, but must be 130",
    ),
    "a grant in the book that the ledger does not have": (
        f"DELETE credit_entry:payment; {BALANCE} -= 50",
        UNDONE,
    ),
    "a refund in the book that the ledger does not have": (
        f"DELETE {REFUND}; {BALANCE} -= 10",
        UNDONE,
    ),
    "a withdrawal of another amount in the book": (
        "UPDATE admin_action SET credits = 21 WHERE action = 'withdraw'",
        UNDONE,
    ),
}


@pytest.fixture
async def jobs(run: Running, fal: FalStandIn) -> dict[str, str]:
    """A refunded job and a failed one of a user with a grant and a withdrawal."""
    refunded = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(refunded)
    failed = await run.submitted()
    fal.fail(fal.newest, detail="Blocked")
    await run.finished(failed)
    for credits_, reference in (50, "payment"), (-20, "dispute"):
        body = {"user": "ada", "credits": credits_, "reference": reference}
        assert (await run.administer("POST", "credits", body)).is_success
    assert (await run.administer("POST", f"jobs/{refunded}/refund")).is_success
    return {"job": refunded, "failed": failed}


async def test_what_the_back_office_does_is_sound(run: Running, jobs: dict[str, str]) -> None:
    assert jobs
    assert await run.audit() == []


@pytest.mark.parametrize(("statements", "finding"), DAMAGE.values(), ids=DAMAGE.keys())
async def test_damage_to_what_the_back_office_did_is_found(
    run: Running, jobs: dict[str, str], statements: str, finding: str
) -> None:
    script = Template(ALLOW_ALL + statements).substitute(jobs)
    for result in await run.service.database.run_script(script):
        assert result["status"] == "OK", result
    found = await run.audit()
    assert [each for each in found if Template(finding).substitute(jobs) in each], found
