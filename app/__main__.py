"""``python -m app``: serve until a signal arrives, then end with status 0.

The service is imported late, for two reasons. The import takes a second, and a signal in that
second must find a handler. And the processes that probe videos also run this file when they start.
"""

import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Serve and return the exit status."""
    for each in SIGNALS:
        signal.signal(each, lambda *_: os._exit(0))  # nothing is open yet
    from app.main import create_app  # noqa: PLC0415 see above
    from app.server import process  # noqa: PLC0415 see above

    return process.run(create_app)


if __name__ == "__mp_main__":  # the name of this module in a process that probes videos
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent handles it

if __name__ == "__main__":
    # A normal exit would abort: threads of the embedded engine outlive the interpreter.
    os._exit(main())
