"""``python -m app``: serve until a signal says to stop, then end with status 0."""

import asyncio
import logging
import signal
import sys

import uvicorn
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from app import logs
from app.errors import ServiceError
from app.main import create_app
from app.settings import Settings

log = logging.getLogger("app")

GRACE_SECONDS = 5
"""For requests under way when the service stops."""


async def serve(settings: Settings) -> None:
    """Open everything, then the port: what is wrong is said before anybody can connect.

    Raises:
        ServiceError: something that the settings name cannot be used.

    """
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        server = uvicorn.Server(
            uvicorn.Config(
                with_state,
                host=settings.host,
                port=settings.port,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        # uvicorn raises the signals that it took once more when it is done; by then there is
        # nothing left that they should interrupt.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: None)
        await server.serve()


def main() -> int:
    """Return the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = Settings()
    except ValidationError as error:
        for trouble in error.errors():
            name = ".".join(str(part) for part in trouble["loc"]).upper()
            print(f"{name or 'Settings'}: {trouble['msg']}", file=sys.stderr)  # noqa: T201 no log yet
        return 1
    logs.configure(settings.log_level, settings.log_format)
    try:
        asyncio.run(serve(settings))
    except ServiceError as error:
        log.critical("%s", error)
        return 1
    except KeyboardInterrupt:
        log.info("Stopped before the port was open")
    return 0


if __name__ == "__main__":
    sys.exit(main())
