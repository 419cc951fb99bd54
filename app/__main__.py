"""``python -m app``: serve until a signal says to stop, then end with status 0.

The service itself is imported late. That takes a second, in which a signal must find its handler
already; and the processes that probe videos run this file once more when they start.
"""

import os
import signal
import sys


def main() -> int:
    """Return the exit status."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: os._exit(0))  # nothing is open yet
    from app import server  # noqa: PLC0415 see above

    return server.run()


if __name__ == "__main__":
    sys.exit(main())
