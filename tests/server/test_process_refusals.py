"""A start that fails logs one line that says what to do."""

import asyncio
import re
import socket
from pathlib import Path

import pytest

from tests.support.database import connected, embedded, surreal_server
from tests.support.process import forked
from tests.support.sockets import free_port

NOTICES = (" WARNING ", " INFO ")


def refused(folder: Path, module: str = "app", **environment: str) -> list[str]:
    """Start a program, which must end with status 1, and return its lines except notices."""
    with forked(folder, module, **environment) as process:
        assert process.exit_status() == 1, process.stderr
        lines = process.stderr.splitlines()
    return [line for line in lines if not any(notice in line for notice in NOTICES)]


def test_each_wrong_setting_has_its_own_line(tmp_path: Path) -> None:
    wrong = {
        "PORT": "99999",
        "LOG_LEVEL": "loud",
        "SURREAL_URL": "mem://",
        "FAL_KEY": "schl\N{LATIN SMALL LETTER U WITH DIAERESIS}ssel",
        "PUBLIC_URL": "http://shop.example",
    }
    lines = refused(tmp_path, **wrong)
    assert {line.partition(": ")[0] for line in lines} == wrong.keys()
    assert len(lines) == len(wrong)
    assert "FAL_KEY: must be printable ASCII" in lines


def test_a_host_beyond_loopback_needs_a_way_to_sign_in(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, HOST="0.0.0.0")  # noqa: S104 it is refused
    assert line.startswith("HOST: 0.0.0.0 is reachable from outside")
    assert "AUTH_JWT_SECRET" in line


def test_pending_migrations_are_counted(tmp_path: Path) -> None:
    (line,) = refused(tmp_path)
    assert re.search(r"the database lacks (\d+) of \1 files of the schema", line)
    assert "make migrate" in line


@pytest.mark.parametrize("module", ["app", "scripts.migrate"])
async def test_a_store_in_use_is_not_opened(tmp_path: Path, store_url: str, module: str) -> None:
    async with connected(embedded(store_url)):
        (line,) = await asyncio.to_thread(refused, tmp_path, module)
    assert f"{store_url} is in use by another process: stop it first" in line


def test_a_wrong_password_is_not_in_the_message(tmp_path: Path) -> None:
    with surreal_server(tmp_path / "server") as server:
        (line,) = refused(
            tmp_path,
            SURREAL_URL=server.address().url,
            SURREAL_USER="root",
            SURREAL_PASSWORD="taken-from-a-note",
            SURREAL_USER_LEVEL="root",
        )
    assert "SURREAL_USER, SURREAL_PASSWORD and SURREAL_USER_LEVEL" in line
    assert "taken-from-a-note" not in line


def test_the_message_names_an_unreachable_database(tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    (line,) = refused(
        tmp_path, SURREAL_URL=url, SURREAL_USER="service", SURREAL_PASSWORD="not to be shown"
    )
    assert f"SurrealDB at {url} does not answer" in line
    assert "not to be shown" not in line


@pytest.mark.usefixtures("store_url")
def test_the_message_names_a_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    (line,) = refused(tmp_path, STORAGE_DIR=str(file))
    assert str(file) in line


def test_a_short_secret_is_accepted_with_a_warning(tmp_path: Path, store_url: str) -> None:
    with forked(tmp_path, "app", SURREAL_URL=store_url, AUTH_JWT_SECRET="guess-me") as process:
        process.until_ready()
        assert "AUTH_JWT_SECRET has fewer than 32 bytes" in process.stderr
        assert "guess-me" not in process.stderr


@pytest.mark.parametrize("module", ["app", "scripts.migrate"])
def test_the_message_names_a_settings_file_that_is_not_utf_8(tmp_path: Path, module: str) -> None:
    (tmp_path / ".env").write_bytes("FAL_KEY=schl\xfcssel".encode("latin-1"))
    with forked(tmp_path, module) as process:
        assert process.exit_status() == 1
        assert process.stderr.splitlines() == [".env: must be UTF-8"]


@pytest.mark.usefixtures("store_url")
def test_the_message_names_the_settings_of_unreadable_certificates(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.pem")
    with forked(tmp_path, "app", FAL_KEY="a:b", SSL_CERT_FILE=nowhere) as process:
        assert process.exit_status() == 1
        (line,) = [line for line in process.stderr.splitlines() if " CRITICAL " in line]
        assert "Cannot start: SSL_CERT_FILE or SSL_CERT_DIR cannot be used" in line


@pytest.mark.usefixtures("store_url")
def test_a_port_in_use_ends_the_process_with_status_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with forked(tmp_path, "app", PORT=port) as process:
            assert process.exit_status() == 1
            (line,) = [line for line in process.stderr.splitlines() if " CRITICAL " in line]
            assert f"cannot listen on port {port} of 127.0.0.1: Address already in use" in line
            assert "Set PORT" in line
            assert "Traceback" not in process.stderr
