"""Runs a service for a script: all data in one folder, local fal, no sign-in, nothing paid."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.settings import Settings

START_SECONDS = 180


@contextlib.contextmanager
def own_service(folder: Path, **settings: str) -> Iterator[str]:
    """Migrate, serve on a free port, yield the address, and stop at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # Empty means unset: what a .env says, of events and limits too, is about another service.
    unset = dict.fromkeys((name.upper() for name in Settings.model_fields), "")
    environment = os.environ | unset | settings
    environment |= {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SURREAL_URL": f"surrealkv://{folder}/surreal",
        "STORAGE_DIR": f"{folder}/storage",
        "LOG_LEVEL": "WARNING",
    }
    subprocess.run([sys.executable, "-m", "scripts.migrate"], env=environment, check=True)
    process = subprocess.Popen([sys.executable, "-m", "app"], env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=2) as client:
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if client.get(f"{url}/readyz").is_success:
                    return
            time.sleep(0.1)
    raise SystemExit("The service did not start.")
