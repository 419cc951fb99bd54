"""A test fails if its output shows a secret."""

import subprocess
import sys
from pathlib import Path

from tests.support.process import ROOT

LEAKY = """
import logging, os, sys
import pytest
from tests.support.s3 import SECRET_ACCESS_KEY
from tests.support.leaks import record_output
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ROOT_PASSWORD, SECRET, bearer

@pytest.fixture
def untidy():
    yield
    print(SECRET_ACCESS_KEY)

def test_print():
    print("with", SECRET)

def test_descriptor():
    os.write(2, ROOT_PASSWORD.encode())

def test_log():
    logging.getLogger("app").info("Authorization: %s", bearer()["Authorization"])

def test_traceback():
    try:
        raise ValueError(FalStandIn.key)
    except ValueError:
        logging.getLogger("app").exception("It broke")

def test_teardown(untidy):
    pass

def test_process():
    record_output("GET /media/a.mp4?expires=1&signature=" + "0a" * 32)

def test_clean():
    print("A key: key-id", "/media/a.mp4?expires=1", file=sys.stderr)
    logging.getLogger("httpx").info("GET https://r2/a.mp4?X-Amz-Signature=0a")
"""
SHOWN = {
    "test_print": "AUTH_JWT_SECRET",
    "test_descriptor": "SURREAL_PASSWORD",
    "test_log": "a bearer token",
    "test_traceback": "FAL_KEY",
    "test_teardown": "R2_SECRET_ACCESS_KEY",
    "test_process": "a signed address",
}


def test_a_test_whose_output_holds_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    (tmp_path / "pytest.ini").write_text("[pytest]")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.leaks", "--numprocesses=1"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"7 passed, {len(SHOWN)} errors" in ended.stdout, ended.stdout + ended.stderr
    for test, secret in SHOWN.items():
        assert f"test_leaky.py::{test} has shown {secret}" in ended.stdout
