"""A checked submit, on its way from the form to fal."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import uuid_utils

from app.media.start_images import StartImage
from app.templates.template import Template
from app.templates.values import Value


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A submit whose parts are checked: the image decodes, and the variables fit the template.

    ``variables`` have their defaults filled in. ``job_id`` is chosen here, before the first call
    to the database, so that a call without an answer can be repeated.
    """

    user: str
    user_email: str
    image: StartImage
    template: Template
    variables: Mapping[str, Value]
    idempotency_key: str | None
    fingerprint: str
    """Distinguishes two submits that have the same idempotency key; see :func:`fingerprint_of`."""
    job_id: str = field(default_factory=lambda: str(uuid_utils.uuid7()))

    @property
    def price(self) -> int:
        """What the job costs, in credits."""
        return self.template.price(self.variables)


def fingerprint_of(template_slug: str, variables: Any, image: bytes) -> str:
    """Return a digest of a submit as it was sent, before defaults are filled in."""
    digest = hashlib.sha256(json.dumps([template_slug, variables], sort_keys=True).encode() + b"\0")
    digest.update(image)  # on its own: joined with the text, it would be copied
    return digest.hexdigest()
