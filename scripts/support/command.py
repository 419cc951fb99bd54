"""How every script ends: with a status, and with one line on stderr where it cannot go on."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import NoReturn

from pydantic import ValidationError

from app.errors import DatabaseUnavailable, ServiceError
from app.server.startup_errors import NOT_UTF8, unusable_file, wrong_settings


def run(script: Coroutine[None, None, int]) -> NoReturn:
    """Run a script to its exit status: 1 and one line on stderr where it cannot go on."""
    logging.disable()  # after a drop the SDK and asyncio log a traceback a call
    try:
        sys.exit(asyncio.run(script))
    except ValidationError as error:
        sys.exit("\n".join(wrong_settings(error)))
    except UnicodeDecodeError:
        sys.exit(NOT_UTF8)
    except DatabaseUnavailable as error:
        sys.exit(f"{error} Run this again once it answers.")
    except OSError as error:
        sys.exit(unusable_file(error))
    except ServiceError as error:
        sys.exit(" ".join(str(error).split()))
    except KeyboardInterrupt:
        sys.exit(130)
