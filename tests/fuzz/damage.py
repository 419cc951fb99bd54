"""Hostile bytes, texts and JSON values, all drawn from one seeded generator."""

import json
from random import Random
from typing import Any

TEXTS = (
    "",
    " ",
    "\0",
    "null",
    "../../etc/passwd",
    "%2e%2e%2f",
    "%00%ff%zz",
    "a\r\nforged: line",
    "2026-01-01 00:00:00,000 INFO    forged",
    "'; THROW 'forged'; --",
    "$variable ⟨forged⟩ `forged`",
    "<script>alert(1)</script>",
    "{mood} {{headline}} {0.__class__}",
    "\u202e\u2028\ufeff\U0010ffff",
    "é" * 150,
    "x" * 300,
    "9" * 5000,
    "-1",
    "1e400",
    "NaN",
    "0001-01-01T00:00:00+23:59 x",
    "9999-12-31T23:59:59.999999-23:59 x",
    "2025-03-01T00:00:00Z ",
)
NUMBERS = (0, -1, 2**31, 2**63, 2**64, 10**400, 0.1, -0.0, 1e308, float("inf"), float("nan"))
LONGEST_REPEAT = 2000


def text(chance: Random) -> str:
    """Return a hostile or a random text."""
    if chance.random() < 0.7:
        return chance.choice(TEXTS)
    return "".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(chance.randrange(20)))


def damaged(chance: Random, data: bytes) -> bytes:
    """Cut, flip, repeat or insert bytes at one to three places."""
    for _ in range(chance.randint(1, 3)):
        at, to = sorted(chance.choices(range(len(data) + 1), k=2))
        data = chance.choice(
            [
                data[:at],
                data[:at] + data[to:],
                data[:at] + chance.randbytes(to - at) + data[to:],
                data[:to] + data[at:to][:LONGEST_REPEAT] * 3 + data[to:],
                data[:at] + text(chance).encode() + data[at:],
                bytes(each ^ 1 << chance.randrange(8) for each in data[at : at + 1]).join(
                    (data[:at], data[at + 1 :])
                ),
            ]
        )
    return data


def value(chance: Random, depth: int = 3) -> Any:
    """Return a random JSON value, which may hold numbers that JSON does not allow."""
    kind = chance.randrange(8 if depth else 5)
    if kind < 2:
        return text(chance)
    if kind < 5:
        return chance.choice((None, True, False, *NUMBERS))
    if kind == 5:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {text(chance): value(chance, depth - 1) for _ in range(chance.randrange(4))}


def written(chance: Random, given: Any) -> bytes:
    """Return JSON that is sometimes damaged, deeply nested or in another encoding."""
    whole = json.dumps(given, ensure_ascii=chance.random() < 0.5).encode()
    match chance.randrange(10):
        case 0:
            return damaged(chance, whole)
        case 1:
            return whole.decode().encode(chance.choice(["utf-16", "utf-8-sig", "utf-32"]))
        case 2:
            return chance.choice([b"[", b'{"":']) * chance.randrange(1, 20_000)
        case 3:
            return whole.replace(b'"', b'"\\ud83d', 1)
    return whole
