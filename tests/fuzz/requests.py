"""Requests that are almost valid: each kind passes at least one check."""

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from urllib.parse import quote, quote_from_bytes

from PIL import Image

from tests.fuzz.damage import damaged, text, value, written
from tests.fuzz.signer import OURS, Signer
from tests.fuzz.wire import LAST_REQUEST, Attempt, get, post
from tests.support.service import SUBMIT, TEMPLATE
from tests.support.tokens import token

USERS = ["ann", "bob", "eve"]
"""Few, so that they ask for their own jobs and for each other's."""

Sign = Callable[[str, bytes], dict[str, str]]


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((40, 30)).convert("RGB").save(file, kind)
    return file.getvalue()


class Attempts:
    """An endless series of attempts. The same seed and the same ``sign`` give the same series."""

    def __init__(self, seed: int, *, sign: Sign, jobs: list[str], signer: Signer = OURS) -> None:
        self._chance = Random(seed)  # noqa: S311 repeatable, not secret
        self._sign = sign
        self._signer = signer
        self._jobs = jobs
        self._tokens = {user: token(user).encode() for user in USERS}
        self._pictures = [picture(kind) for kind in ("PNG", "JPEG", "WEBP")]

    def __iter__(self) -> Iterator[Attempt]:
        kinds = (
            self.form,
            self.data,
            self.idempotency_key,
            self.bearer_token,
            self.cursor,
            self.query,
            self.callback,
            self.raw,
        )
        while True:
            yield self._chance.choice(kinds)()

    def form(self) -> Attempt:
        """Damage a multipart body, its type, or its length."""
        chance, boundary = self._chance, b"b%d" % self._chance.randrange(9)
        body = self._parts(boundary, chance.choice([text(chance), "canvas.png"]), self._order())
        if chance.random() < 0.7:
            body = damaged(chance, body)
        declared = chance.choice([boundary, boundary, boundary, text(chance).encode()])
        charset = f"; charset={text(chance)}".encode() if chance.random() < 0.1 else b""
        kind = b"multipart/form-data; boundary=" + declared + charset
        headers = {b"Content-Type": kind} | self._authorization()
        if chance.random() < 0.1:
            lie = str(chance.choice([0, 1, len(body) + 9, 10**12, -1, "x"])).encode()
            return self._post("form", SUBMIT, headers, body, length=lie)
        return self._post("form", SUBMIT, headers, body)

    def data(self) -> Attempt:
        """Send a well-formed body whose ``data`` is not a valid order."""
        return self._submit("data", written(self._chance, self._strange_order()), {})

    def idempotency_key(self) -> Attempt:
        key = self._chance.choice([text(self._chance), f"key-{self._chance.randrange(20)}"])
        return self._submit("key", self._order(), {b"Idempotency-Key": key.encode()})

    def bearer_token(self) -> Attempt:
        """Send a token with random claims; about half of the signatures are valid."""
        chance = self._chance
        claims = {"sub": chance.choice(USERS), "exp": int(time.time()) + 3600}
        for _ in range(chance.randrange(3)):
            name = chance.choice(["sub", "exp", "email", "nbf", "iat", "aud", "iss", "jti"])
            claims |= {name: value(chance)}
        head = self._signer.head
        if chance.random() < 0.4:
            head |= {chance.choice(["alg", "kid", "jku", "x5u", "jwk", "crit", "b64", "zip"]): ""}
            head = {name: given or value(chance) for name, given in head.items()}
        sent = self._signer.token(written(chance, head), written(chance, claims))
        if chance.random() < 0.3:
            sent = damaged(chance, sent)
        scheme = chance.choice([b"Bearer ", b"Bearer ", b"Bearer ", b"bearer", b"Basic ", b""])
        return get("token", "/api/credits", b"", {b"Authorization": scheme + sent})

    def cursor(self) -> Attempt:
        chance = self._chance
        time_ = f"{chance.randint(0, 10_000):04}-0{chance.randint(0, 9)}-01T00:00:00"
        plain = chance.choice([text(chance), f"{time_}Z {text(chance)}", f"{time_}+23:59:59.1 x"])
        encoded = base64.urlsafe_b64encode(plain.encode())
        given = chance.choice([encoded, encoded.rstrip(b"="), damaged(chance, encoded)])
        query = b"limit=2&cursor=" + quote_from_bytes(given).encode()
        return get("cursor", "/api/library", query, self._authorization())

    def query(self) -> Attempt:
        """Send a random query, which may be damaged, to a random route."""
        chance = self._chance
        method, path = chance.choice(
            [
                ("GET", f"{SUBMIT}/status"),
                ("GET", f"{SUBMIT}/events"),
                ("POST", f"{SUBMIT}/cancel"),
                ("GET", "/api/library"),
                ("GET", "/media/{key}"),
                ("GET", "/assets/{digest}/{path}"),
            ]
        )
        query = f"jobId={chance.choice([*self._jobs[-20:], 'x'])}".encode()
        if chance.random() < 0.4:
            name = chance.choice(["jobId", "limit", "cursor", "templateSlug", "expires"])
            query = f"{name}={quote(text(chance))}".encode()
        if chance.random() < 0.2:
            query = quote_from_bytes(damaged(chance, query), safe="=&%").encode()
        filled = path
        for hole in ("{key}", "{digest}", "{path}"):
            filled = filled.replace(hole, quote(text(chance)) or "x")
        if method == "POST":
            target = f"{filled}?{query.decode()}"
            return self._post("query", target, self._authorization(), b"", path=path)
        return get("query", filled, query, self._authorization(), path=path)

    def callback(self) -> Attempt:
        """Send a callback as fal does, with a body or a signature that may be damaged."""
        chance = self._chance
        request_id = chance.choice([f"request-{chance.randrange(1, 99)}", text(chance)])
        payload = {"request_id": request_id, "status": "OK", "payload": value(chance)}
        body = written(chance, chance.choice([payload, payload, value(chance)]))
        headers = {
            name.encode(): given.encode()
            for name, given in self._sign(request_id, body).items()
            if chance.random() < 0.95
        }
        if headers and chance.random() < 0.4:
            name = chance.choice(list(headers))
            headers[name] = chance.choice([damaged(chance, headers[name]), text(chance).encode()])
        target = f"/api/webhooks/fal?jobId={chance.choice([*self._jobs[-20:], 'x'])}"
        return self._post("callback", target, headers, body, path="/api/webhooks/fal")

    def raw(self) -> Attempt:
        """Send bytes that may not be HTTP."""
        chance = self._chance
        whole = self._submit("raw", self._order(), {}).sent
        pipelined = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * chance.randrange(1, 20)
        upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
        noise = chance.randbytes(chance.randrange(200))
        many = b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * chance.randrange(5000)
        sent = chance.choice([damaged(chance, whole), pipelined, upgrade, noise, many])
        if chance.random() < 0.3:
            sent = damaged(chance, sent)
        return Attempt("raw", sent + LAST_REQUEST, may_stay_open=True)

    def _strange_order(self) -> Any:
        chance = self._chance
        order: Any = {"templateSlug": TEMPLATE, "variables": {"mood": "raw"}}
        match chance.randrange(4):
            case 0:
                return value(chance)
            case 1:
                return order | {chance.choice(["templateSlug", "variables", "x"]): value(chance)}
        name = chance.choice(["mood", "headline", "duration", text(chance)])
        return order | {"variables": {name: value(chance)}}

    def _order(self) -> bytes:
        headline = f"take {self._chance.randrange(3)}"
        variables = {"headline": headline, "mood": "raw"}
        return json.dumps({"templateSlug": TEMPLATE, "variables": variables}).encode()

    def _parts(self, boundary: bytes, file_name: str, order: bytes) -> bytes:
        image = self._chance.choice(self._pictures)
        if self._chance.random() < 0.2:
            image = damaged(self._chance, image)
        part = b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        named = b'; filename="%b"\r\nContent-Type: image/png' % file_name.encode()
        return (
            part % (boundary, b"startImage", named, image)
            + part % (boundary, b"data", b"", order)
            + b"--%b--\r\n" % boundary
        )

    def _submit(self, kind: str, order: bytes, headers: dict[bytes, bytes]) -> Attempt:
        own = {b"Content-Type": b"multipart/form-data; boundary=b"} | self._authorization()
        body = self._parts(b"b", "canvas.png", order)
        return self._post(kind, SUBMIT, own | headers, body)

    def _authorization(self) -> dict[bytes, bytes]:
        return {b"Authorization": b"Bearer " + self._tokens[self._chance.choice(USERS)]}

    def _post(
        self,
        kind: str,
        target: str,
        headers: dict[bytes, bytes],
        body: bytes,
        *,
        path: str = "",
        length: bytes = b"",
    ) -> Attempt:
        chunked = not length and self._chance.random() < 0.2
        return post(kind, target, headers, body, path=path, length=length, chunked=chunked)
