"""``python -m tests.soak.serve``: the service as it is, but for a fal at ``FAL_PORT``."""

import os

if __name__ == "__main__":  # the processes that probe videos run this file too when they start
    from functools import partial
    from unittest import mock

    from app.__main__ import main
    from app.main import create_app
    from app.server import process
    from tests.support.stand_ins.fal_hosts import FalTransport

    transport = FalTransport(int(os.environ["FAL_PORT"]))
    with mock.patch.object(process, "create_app", partial(create_app, fal_transport=transport)):
        os._exit(main())
