"""``python -m app``: serve until a signal says to stop, then end with status 0.

The service itself is imported late. That takes a second, in which a signal must find its handler
already; and the processes that probe videos run this file too when they start.
"""

import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Return the exit status."""
    for each in SIGNALS:
        signal.signal(each, lambda *_: os._exit(0))  # nothing is open yet
    from app.main import create_app  # noqa: PLC0415 see above
    from app.server import process  # noqa: PLC0415 see above

    return process.run(create_app)


if __name__ == "__mp_main__":  # so it is called in a process that probes videos
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # Ctrl-C reaches it too, and is for its parent to heed

if __name__ == "__main__":
    # Threads of the embedded database abort a process whose interpreter ends before they do.
    os._exit(main())
