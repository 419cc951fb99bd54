"""Settings without those of the machine, and what is said about wrong ones."""

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from app.server.startup_errors import wrong_settings
from app.settings import Settings

WEBHOOK_SECRET = f"whsec_{b64encode(bytes(32)).decode()}"


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def messages(**given: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    return wrong_settings(refused.value)
