"""``python -m tests.support.serve``: the service, with the stand-in for fal at ``FAL_PORT``."""

import os

if __name__ == "__main__":  # processes that probe videos import this file when they start
    from functools import partial
    from unittest import mock

    from app import main
    from app.__main__ import main as serve
    from tests.support.stand_ins.fal_hosts import FalTransport

    transport = FalTransport(int(os.environ["FAL_PORT"]))
    create_app = partial(main.create_app, fal_transport=transport)
    with mock.patch.object(main, "create_app", create_app):
        os._exit(serve())
