"""How a script reads its arguments and how it ends."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import NoReturn

from pydantic import ValidationError

from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from app.server.startup_errors import NOT_UTF8, unusable_file, wrong_settings


def run(script: Coroutine[None, None, int]) -> NoReturn:
    """Run a script and exit with its status, or with 1 and one line on stderr if it fails."""
    logging.disable()  # after a drop the SDK and asyncio log a traceback for each pending call
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


def whole_number(maximum: int) -> Callable[[str], int]:
    """Return an argument's type: a whole number from 1 to ``maximum``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= maximum:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {maximum:,}")
        return int(text)

    return parse
