"""How every script ends: with a status, and with one line on stderr where it cannot go on."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import NoReturn

from pydantic import ValidationError

from app.errors import DatabaseUnavailable, ServiceError


def run(script: Coroutine[None, None, int]) -> NoReturn:
    """Run a script to its exit status: 1 and one line on stderr where it cannot go on."""
    logging.disable()  # after a drop the SDK and asyncio log a traceback a call
    try:
        sys.exit(asyncio.run(script))
    except ValidationError as error:
        troubles = [f"{'.'.join(map(str, e['loc'])).upper()} {e['msg']}" for e in error.errors()]
        sys.exit("Settings: " + "; ".join(trouble.strip() for trouble in troubles))
    except DatabaseUnavailable as error:
        sys.exit(f"{error} Is SURREAL_URL right and the server up? Then run this again.")
    except ServiceError as error:
        sys.exit(" ".join(str(error).split()))
    except KeyboardInterrupt:
        sys.exit(130)
