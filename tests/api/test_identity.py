import base64
import hmac
import json
import math
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.api.identity import (
    CACHED_TOKENS,
    KEY_SET_LIFETIME,
    MAX_CACHED_TOKEN,
    CachingIdentity,
    Development,
    KeySetTokens,
    SharedSecret,
    Verifier,
    open_identity,
)
from app.api.tokens import TOLERANCE, Caller
from app.caching.key_set import KeySet
from app.problems import IdentityUnavailable, Unauthenticated
from app.settings import Settings
from tests.support.tokens import SECRET, public_jwk, token

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def shared(audience: str | None = None, issuer: str | None = None) -> SharedSecret:
    return SharedSecret(SECRET, audience=audience, issuer=issuer)


def claims(**changes: Any) -> dict[str, Any]:
    return {"sub": "ada", "exp": int(time.time()) + 60} | changes


async def refused(identity: Verifier, authorization: str) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await identity.caller(authorization)
    assert refusal.value.headers["WWW-Authenticate"] == "Bearer"
    return refusal.value.detail


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


class KeyServer:
    """Serves a key set and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: list[Any] = [
            jwk("rsa", RSA_KEY, "RS256"),
            jwk("ec", EC_KEY, "ES256"),
            jwk("ed", ED_KEY, "EdDSA"),
        ]
        self.asked = 0
        self.status = 200
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.status, json={"keys": self.keys})

    @property
    def identity(self) -> KeySetTokens:
        keys = KeySet("https://keys.example", self.client, lifetime=3600)
        return KeySetTokens(keys, audience=None, issuer=None)


def jwk(key_id: str, key: Any, algorithm: str) -> dict[str, Any]:
    return public_jwk(key_id, key, algorithm) | {"alg": algorithm, "use": "sig"}


@pytest.mark.parametrize(
    ("key_id", "key", "algorithm"),
    [("rsa", RSA_KEY, "RS256"), ("ec", EC_KEY, "ES256"), ("ed", ED_KEY, "EdDSA")],
)
async def test_tokens_signed_with_a_key_of_the_set_are_accepted(
    key_id: str, key: Any, algorithm: str
) -> None:
    server = KeyServer()
    identity = server.identity
    for _ in range(3):
        given = jwt.encode(claims(), key, algorithm=algorithm, headers={"kid": key_id})
        assert (await identity.caller(f"Bearer {given}")).user == "ada"
    assert server.asked == 1


async def test_unknown_key_ids_fetch_the_key_set_once_in_an_interval() -> None:
    server = KeyServer()
    identity = server.identity
    for number in range(20):
        given = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": f"new{number}"})
        assert "unknown key" in await refused(identity, f"Bearer {given}")
    assert server.asked == 1


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [5],
        [{"kid": "rsa"}],
        [{"kid": "rsa", "kty": "RSA", "n": "!"}],
        [{"kid": "rsa", "kty": "oct"}],
        [jwk("rsa", RSA_KEY, "RS256") | {"alg": "none"}],
        [jwk("rsa", RSA_KEY, "RS256") | {"use": "enc"}],
    ],
)
async def test_token_is_refused_if_its_key_cannot_be_used(keys: list[Any]) -> None:
    server = KeyServer()
    server.keys = keys
    given = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    await refused(server.identity, f"Bearer {given}")


async def test_token_without_a_key_id_is_verified_with_the_only_key_for_signatures() -> None:
    server = KeyServer()
    server.keys = [jwk("enc", RSA_KEY, "RS256") | {"use": "enc"}, jwk("ed", ED_KEY, "EdDSA")]
    given = jwt.encode(claims(), ED_KEY, algorithm="EdDSA")
    assert (await server.identity.caller(f"Bearer {given}")).user == "ada"


@pytest.mark.parametrize("answer", ["keys", {"keys": 5}, {"keys": "keys"}, {"keys": {}}, {}])
async def test_nobody_is_refused_while_no_key_set_can_be_read(answer: Any) -> None:
    client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    )
    keys = KeySet("https://keys.example", client, lifetime=3600)
    given = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    identity = KeySetTokens(keys, audience=None, issuer=None)
    with pytest.raises(IdentityUnavailable):
        await identity.caller(f"Bearer {given}")
    with pytest.raises(IdentityUnavailable):
        await identity.check()


async def test_public_key_is_not_accepted_as_a_shared_secret() -> None:
    server = KeyServer()
    # PyJWT refuses to sign like this, an attacker does not.
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "kid": "rsa"}, claims())
    )
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    digest = hmac.new(public, unsigned.encode(), "sha256").digest()
    forged = f"{unsigned}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    await refused(server.identity, f"Bearer {forged}")


async def test_urls_in_a_token_are_not_fetched() -> None:
    server = KeyServer()
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    headers = {"kid": "mine", "jku": "https://evil.example", "jwk": jwk("mine", own, "RS256")}
    given = jwt.encode(claims(), own, algorithm="RS256", headers=headers)
    await refused(server.identity, f"Bearer {given}")


async def test_requests_that_no_key_could_verify_are_refused_while_the_key_server_fails() -> None:
    server = KeyServer()
    server.status = 500
    await refused(server.identity, "")
    await refused(server.identity, "Bearer nonsense")
    assert "algorithm" in await refused(server.identity, f"Bearer {token()}")
    assert server.asked == 0


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


async def test_token_is_kept_no_longer_than_its_key_set() -> None:
    server = KeyServer()
    given = jwt.encode(claims(exp=2**40), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    caller = await server.identity.caller(f"Bearer {given}")
    assert time.time() < caller.until <= time.time() + KEY_SET_LIFETIME


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
