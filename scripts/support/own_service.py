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

START_SECONDS = 180
UNSET = ("FAL_KEY", "R2_BUCKET", "AUTH_JWT_SECRET", "AUTH_JWKS_URL", "PUBLIC_URL")


@contextlib.contextmanager
def own_service(folder: Path, **settings: str) -> Iterator[str]:
    """Migrate, serve on a free port, yield the address, and stop at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = os.environ | dict.fromkeys(UNSET, "") | settings
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
