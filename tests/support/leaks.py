"""A pytest plugin: a test fails if its output, log or processes show a secret of the tests."""

import logging
import re
from collections.abc import Generator

import pytest

from app.telemetry.logs import QUIET
from tests.support.event_receiver import NEXT_SECRET as NEXT_EVENTS_SECRET
from tests.support.event_receiver import SECRET as EVENTS_SECRET
from tests.support.s3 import SECRET_ACCESS_KEY
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_wire import UPLOAD_TOKEN
from tests.support.tokens import ADMIN_KEY, ROOT_PASSWORD, SECRET

SECRETS = {
    "ADMIN_API_KEYS": re.escape(ADMIN_KEY),
    "AUTH_JWT_SECRET": re.escape(SECRET),
    "EVENTS_SECRET": "|".join(
        re.escape(secret.partition("_")[2]) for secret in (EVENTS_SECRET, NEXT_EVENTS_SECRET)
    ),
    "FAL_KEY": re.escape(FalStandIn.key.partition(":")[2]),
    "fal's upload token": re.escape(UPLOAD_TOKEN),
    "R2_SECRET_ACCESS_KEY": re.escape(SECRET_ACCESS_KEY),
    "SURREAL_PASSWORD": re.escape(ROOT_PASSWORD),
    "a bearer token": r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+",
    "a share's link": r"/v/[\w-]{22}\b",
    "a signed address": r"X-Amz-Signature=|[?&]signature=[0-9a-f]{64}",
}
"""Patterns that no output may contain. Add each new secret of the tests."""

_recorded: list[str] = []


def record_output(text: str) -> None:
    """Add a process's output to that of the running test."""
    _recorded.append(text)


def found_in(text: str) -> list[str]:
    """Return the names of the secrets that ``text`` shows."""
    return [name for name, secret in SECRETS.items() if re.search(secret, text)]


def pytest_configure(config: pytest.Config) -> None:
    """Capture the service's log from INFO on, with the loggers quiet that it keeps quiet."""
    config.option.log_level = config.option.log_level or "INFO"
    for name in (*QUIET, "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search all output after the teardown, when every section of the report is there."""
    report = yield
    if call.when == "teardown":
        printed = [*(content for _, content in report.sections), *_recorded]
        _recorded.clear()
        if leaked := found_in("\n".join(printed)):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} has shown {', '.join(leaked)}. {report.longreprtext}"
    return report
