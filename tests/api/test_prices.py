"""What a submit costs: shown before, answered, held and charged as it was then."""

from app.settings import Settings
from tests.support.refusals import assert_problem
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

LONG = {"duration": "10"}


async def test_the_price_of_the_chosen_variables_is_answered_held_and_charged(
    run: Running, fal: FalStandIn
) -> None:
    answer = await run.submit(variables=LONG)
    job_id = answer.json()["jobId"]
    assert answer.json()["credits"] == 20
    assert await run.money() == (100, 20, ["grant", "hold"])
    await run.rows("UPDATE template SET credits = 1, factors = NONE")
    fal.complete(fal.newest, small_video())
    assert (await run.finished(job_id))["credits"] == 20
    credit = await run.credits()
    assert [(each["kind"], each["credits"]) for each in credit["entries"]] == [
        ("charge", 20),
        ("hold", 20),
        ("grant", 100),
    ]
    assert (credit["balance"], credit["held"]) == (80, 0)


async def test_a_repeated_submit_is_answered_with_the_first_price(run: Running) -> None:
    key = {"Idempotency-Key": "click"}
    first = await run.submit(variables=LONG, headers=key)
    await run.rows("UPDATE template SET credits = 1, factors = NONE")
    again = await run.submit(variables=LONG, headers=key)
    assert again.json() == first.json()


async def test_a_price_above_the_balance_is_refused_and_named(
    settings: Settings, fal: FalStandIn
) -> None:
    poor = settings.model_copy(update={"credits_signup_grant": 19})
    async with running(poor, fal) as run:
        refused = await run.submit(variables=LONG)
        assert_problem(refused, 402, "insufficient_credits")
        assert refused.json()["detail"] == ("Night life roller costs 20 credits. Available: 19.")
        assert (await run.submit()).json()["credits"] == 10


async def test_the_catalogue_shows_the_factors(run: Running) -> None:
    catalogue = (await run.client.get("/api/templates")).json()["templates"]
    shown = {template["slug"]: template for template in catalogue}
    assert shown["night-life-roller"]["factors"] == {"duration": {"10": 2}}
    assert "factors" not in shown["poster-parallax"]
