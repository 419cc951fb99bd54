"""``python -m tests.soak.serve``: the service as it is, but for a fal at ``FAL_PORT``."""

import os

if __name__ == "__main__":  # the processes that probe videos run this file too when they start
    from functools import partial
    from unittest import mock

    from app import main
    from app.__main__ import main as serve
    from tests.support.stand_ins.fal_hosts import FalTransport

    transport = FalTransport(int(os.environ["FAL_PORT"]))
    create_app = partial(main.create_app, fal_transport=transport)
    with mock.patch.object(main, "create_app", create_app):
        os._exit(serve())
