"""``python -m tests.support.serve``: the service, with the stand-in for fal at ``FAL_PORT``.

It waits ``DATABASE_CALL`` seconds for the database, where a test gives it more time.
"""

import os


def serve() -> int:
    """Serve and return the exit status."""
    # Imported late, because processes that probe videos import this file when they start.
    from functools import partial  # noqa: PLC0415
    from unittest import mock  # noqa: PLC0415

    from app import main, times  # noqa: PLC0415
    from app.__main__ import main as serve_app  # noqa: PLC0415
    from tests.support.stand_ins.fal_hosts import FalTransport  # noqa: PLC0415

    times.DATABASE_CALL = float(os.environ.get("DATABASE_CALL", times.DATABASE_CALL))
    transport = FalTransport(int(os.environ["FAL_PORT"]))
    create_app = partial(main.create_app, fal_transport=transport)
    with mock.patch.object(main, "create_app", create_app):
        return serve_app()


if __name__ == "__main__":
    os._exit(serve())
