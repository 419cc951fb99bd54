"""A bearer token names its user: its signature and claims are checked, once until it expires."""

import json
import math
import time
from typing import Any

import jwt
import pytest

from app.api.identity import (
    CACHED_TOKENS,
    MAX_CACHED_TOKEN,
    CachingIdentity,
    Development,
    KeySetTokens,
    SharedSecret,
    Verifier,
    open_identity,
)
from app.api.tokens import TOLERANCE, Caller
from app.settings import Settings
from tests.support.identities import claims, refused, shared
from tests.support.tokens import SECRET, token


async def test_token_names_user_and_email() -> None:
    given = f"Bearer {token('ada', email='ada@example.com')}"
    assert await shared().caller(given) == Caller("ada", "ada@example.com")


async def test_email_that_is_too_long_is_not_kept() -> None:
    for length, expected in ((320, "é" * 320), (321, None)):
        given = f"Bearer {token('ada', email='é' * length)}"
        assert (await shared().caller(given)).email == expected


async def test_email_is_optional() -> None:
    assert await shared().caller(f"bearer  {token('ada')}") == Caller("ada", None)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWRhOng=", "a.b.c"])
async def test_header_without_a_bearer_token_is_refused(header: str) -> None:
    assert "Bearer" in await refused(shared(), header)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 129},
        {"sub": 5},
        {"sub": "half a pair \ud83d"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1},
        {"iat": "soon"},
        {"nbf": 2**40},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_wrong_claims_are_refused(changes: dict[str, Any]) -> None:
    given = {name: value for name, value in claims(**changes).items() if value is not None}
    try:
        encoded = jwt.encode(given, SECRET, algorithm="HS256")
    except TypeError:  # PyJWT does not encode claims that it does not decode
        encoded = jwt.api_jws.encode(json.dumps(given).encode(), SECRET, algorithm="HS256")
    await refused(shared(), f"Bearer {encoded}")


@pytest.mark.parametrize(
    ("given", "check"),
    [
        ({"exp": 1}, "expired"),
        ({"nbf": 2**40}, "not valid yet"),
        ({"iat": 2**40}, "not valid yet"),
        ({"iss": "https://others"}, "another issuer"),
        ({"aud": "mail"}, "another audience"),
        ({"aud": []}, "no aud"),
        ({"sub": ""}, "sub must have"),
        ({"secret": "another secret that is just as long as it"}, "signature"),
    ],
)
async def test_refusal_and_log_say_which_check_failed_and_show_no_token(
    given: dict[str, Any], check: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    wrong = token(**({"user": given.pop("sub", "ada"), "iss": "us", "aud": "videos"} | given))
    detail = await refused(shared(audience="videos", issuer="us"), f"Bearer {wrong}")
    assert check in detail
    assert caplog.messages == [f"A request was refused: {detail}"]
    assert wrong.rpartition(".")[2] not in caplog.text


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
async def test_clocks_may_differ_by_ten_seconds(claim: str) -> None:
    sign = -1 if claim == "exp" else 1
    near, far = (
        jwt.encode(claims(**{claim: int(time.time()) + sign * (TOLERANCE + each)}), SECRET)
        for each in (-3, 3)
    )
    assert (await shared().caller(f"Bearer {near}")).until > time.time()
    await refused(shared(), f"Bearer {far}")


@pytest.mark.parametrize("configured", ["https://tenant.example", "https://tenant.example/"])
async def test_issuer_matches_with_and_without_its_final_slash(configured: str) -> None:
    identity = shared(issuer=configured)
    for issuer in ("https://tenant.example", "https://tenant.example/"):
        assert (await identity.caller(f"Bearer {token(iss=issuer)}")).user == "ada"
    for issuer in ("https://tenant.example//", "https://tenant.example.evil", "", "/"):
        assert "issuer" in await refused(identity, f"Bearer {token(iss=issuer)}")


async def test_user_may_have_128_characters() -> None:
    assert (await shared().caller(f"Bearer {token('x' * 128)}")).user == "x" * 128


async def test_other_secrets_algorithms_and_unsigned_tokens_are_refused() -> None:
    other = token(secret="another secret that is just as long as it")
    strong = jwt.encode(claims(), SECRET * 2, algorithm="HS512")
    unsigned = jwt.encode(claims(), "", algorithm="none")
    for given in (other, strong, unsigned, "x.y.z", token()[:-2]):
        await refused(shared(), f"Bearer {given}")


async def test_audience_and_issuer_are_required_if_they_are_set() -> None:
    identity = shared(audience="videos", issuer="accounts")
    good = token(aud="videos", iss="accounts")
    assert (await identity.caller(f"Bearer {good}")).user == "ada"
    for given in (
        token(),
        token(aud="videos"),
        token(aud="mail", iss="accounts"),
        token(aud="videos", iss="others"),
    ):
        await refused(identity, f"Bearer {given}")


async def test_audience_does_not_matter_if_it_is_not_set() -> None:
    assert (await shared().caller(f"Bearer {token(aud='whatever')}")).user == "ada"


async def test_every_caller_in_development_is_the_developer() -> None:
    assert await Development().caller("") == Caller("dev@localhost", "dev@localhost")


class Verified:
    """Counts the tokens that are verified."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.count = 0

    async def caller(self, authorization: str | None) -> Caller:
        self.count += 1
        return Caller(str(authorization), None, until=self.until)

    async def check(self) -> None:
        pass


async def test_token_is_verified_once_until_it_expires() -> None:
    now = 1000.0
    verified = Verified(until=1060)
    identity = CachingIdentity(verified, clock=lambda: now)
    for _ in range(3):
        assert (await identity.caller("Bearer ada")).user == "Bearer ada"
        assert (await identity.caller("Bearer eve")).user == "Bearer eve"
    assert verified.count == 2
    now = 1060
    await identity.caller("Bearer ada")
    assert verified.count == 3


async def test_token_that_was_verified_first_and_long_tokens_are_not_kept() -> None:
    verified = Verified(until=math.inf)
    identity = CachingIdentity(verified)
    for number in range(CACHED_TOKENS + 1):
        await identity.caller(f"Bearer {number}")
    long = "Bearer " + "x" * MAX_CACHED_TOKEN
    for header in ("Bearer 1", "Bearer 0", long, long):
        await identity.caller(header)
    assert verified.count == CACHED_TOKENS + 1 + 3
    assert len(identity._callers) == CACHED_TOKENS


async def test_refusal_is_not_kept() -> None:
    identity = CachingIdentity(shared())
    expired = f"Bearer {token('ada', exp=1)}"
    for _ in range(2):
        assert "expired" in await refused(identity, expired)
    assert identity._callers == {}


async def test_identity_is_chosen_by_the_settings() -> None:
    async def chosen(**given: Any) -> Verifier:
        async with open_identity(Settings(_env_file=None, **given)) as identity:
            return identity._verifier if isinstance(identity, CachingIdentity) else identity

    assert isinstance(await chosen(), Development)
    assert isinstance(await chosen(auth_jwt_secret=SECRET), SharedSecret)
    assert isinstance(await chosen(auth_jwks_url="https://keys.example"), KeySetTokens)
