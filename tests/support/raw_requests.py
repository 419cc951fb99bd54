"""Requests as bytes, for senders that no client would be."""

import os
from typing import Any

import httpx

from tests.support.service import SUBMIT, png, submission
from tests.support.tokens import bearer


def post(path: str, length: int, **headers: str) -> bytes:
    lines = {"host": "x", "content-length": str(length)} | headers
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
    ).encode()


def form(image: bytes, user: str) -> bytes:
    """Return a whole submit."""
    request = httpx.Request("POST", "http://x" + SUBMIT, **submission(image), headers=bearer(user))
    request.read()
    head = post(SUBMIT, len(request.content), **dict(request.headers))
    return head + request.content


def canvas(size: int) -> bytes:
    """Return a picture of at least ``size`` bytes that is decoded quickly: noise after its end."""
    return png() + os.urandom(size - len(png()))


def get(path: str, user: str, **claims: Any) -> bytes:
    (authorization,) = bearer(user, **claims).values()
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()


def request(method: str, path: str, user: str, body: bytes = b"") -> bytes:
    """Return a whole request without a type of its body."""
    lines = {"Host": "x", "Content-Length": str(len(body)), **bearer(user)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
