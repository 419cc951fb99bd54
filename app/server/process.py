"""Runs the service: settings, log, port, signals and exit status."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from types import FrameType
from typing import Any

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.types import ASGIApp

from app import times
from app.errors import ConfigurationError, ServiceError
from app.server.allocator import map_large_blocks
from app.server.protocol import BoundedHttpProtocol
from app.server.startup_errors import NOT_UTF8, unusable_file, wrong_settings
from app.settings import Settings
from app.telemetry import logs

log = logging.getLogger(__name__)

COLLECT_AFTER = 10_000
"""New objects that trigger a garbage collection; Python's default is 700."""

CreateApp = Callable[[Settings], Starlette]


def run(create_app: CreateApp) -> int:
    """Serve the application until a signal arrives, and return the exit status.

    The state of its lifespan has ``stopping``, an event that is set when the signal arrives.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        print(*wrong_settings(error), sep="\n", file=sys.stderr)  # noqa: T201 there is no log yet
        return 1
    except UnicodeDecodeError:
        print(NOT_UTF8, file=sys.stderr)  # noqa: T201 there is no log yet
        return 1
    logs.configure(settings.log_level, settings.log_format)
    map_large_blocks()
    try:
        # asyncio cancels the opening of the service on SIGINT; SIGTERM should do the same.
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asyncio.run(_serve(create_app, settings))
    except ServiceError as error:
        log.critical("Cannot start: %s", error)
        return 1
    except KeyboardInterrupt:
        log.info("Stopped before the port was open")
    return 0


async def _serve(create_app: CreateApp, settings: Settings) -> None:
    """Open the service, then the port, so that a start that fails never accepts a connection.

    Raises:
        ServiceError: something that the settings name cannot be used.

    """
    cancel = signal.getsignal(signal.SIGINT)  # asyncio has set it: it cancels this task
    assert callable(cancel), "asyncio handles SIGINT"

    def stop_opening(sig: int, frame: FrameType | None) -> None:
        _limit_end()
        cancel(sig, frame)

    _handle_signals(stop_opening)
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        try:
            state = await stack.enter_async_context(app.router.lifespan_context(app))
        except OSError as error:
            raise ConfigurationError(unusable_file(error)) from error
        assert state is not None, "the service's lifespan has a state"
        _require_free(settings.host, settings.port)
        server = _Server(state, _config(settings, app))
        # uvicorn handles the signals while it serves and raises them again at its end. The second
        # time its handler has nothing to do, and the signal does not interrupt the closing.
        _handle_signals(server.handle_exit)
        # A full collection stops the process for 100 ms after the imports and for 60 ms with 500
        # open streams. Freezing excludes the imports; the threshold makes collections rarer.
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)
        await server.serve()


def _config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=times.REQUEST_GRACE,
    )


def _require_free(host: str, port: int) -> None:
    """Raise an error that names the settings to change; uvicorn's own does not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on port {port} of {host}: {error.strerror}. Set PORT or HOST."
        ) from error


class _Server(uvicorn.Server):
    """uvicorn, which gives each request the state of a lifespan that is open already.

    It also tells the service about the signal, and limits the time of its end.
    """

    def __init__(self, state: Mapping[str, Any], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._state = state
        self._stopping: asyncio.Event = state["stopping"]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state.update(self._state)
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            _limit_end()
        super().handle_exit(sig, frame)


def _handle_signals(handle: Callable[[int, FrameType | None], None]) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, handle)


def _limit_end() -> None:
    """Let the process end in ``times.FORCED_EXIT`` from the first signal, whatever still runs."""
    signal.signal(signal.SIGALRM, _exit_now)
    if not any(signal.getitimer(signal.ITIMER_REAL)):
        signal.setitimer(signal.ITIMER_REAL, times.FORCED_EXIT)


def _exit_now(_sig: int, _frame: FrameType | None) -> None:
    log.error("Something hangs while the service stops; unfinished jobs go on at the next start")
    os._exit(0)
