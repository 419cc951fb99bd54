"""The errors that are answers to a request: an HTTP status and a stable code (RFC 9457).

::

    Problem
    ├── InvalidMultipart, InvalidJSON, InvalidQuery             400
    ├── Unauthenticated, InsufficientCredits                    401, 402
    ├── Forbidden                                               403
    ├── NotFound, TemplateNotFound, JobNotFound, VideoNotFound  404
    ├── MethodNotAllowed                                        405
    ├── JobFinished                                             409
    ├── InsufficientBalance, ReferenceMismatch, NotCharged      409
    ├── ImageTooLarge, UnsupportedImage                         413, 415
    ├── InvalidVariables, InvalidImage, IdempotencyMismatch     422
    ├── InvalidRequest                                          422
    ├── TooManyJobs, TooManyStreams, RateLimited                429
    ├── InternalError                                           500
    ├── SubmitRefused (fal_rejected), SubmitUnavailable         502
    ├── DatabaseUnavailable, StorageAway, IdentityUnavailable   503
    └── TooBusy, ShuttingDown                                   503
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from app.errors import ServiceError


class Problem(ServiceError):
    """An answer in the shape of RFC 9457; the message is its ``detail``.

    ``job_id`` becomes the answer's ``jobId``, ``retry_after`` its ``Retry-After`` in seconds.
    """

    status: ClassVar[HTTPStatus]
    code: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        job_id: str | None = None,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.job_id = job_id
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, retry_after))

    def to_json(self) -> dict[str, object]:
        """Return the ``application/problem+json`` body."""
        body = {
            "type": f"urn:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
        }
        return body if self.job_id is None else {**body, "jobId": self.job_id}


class InvalidMultipart(Problem):
    status, code = HTTPStatus.BAD_REQUEST, "invalid_multipart"


class InvalidJSON(Problem):
    status, code = HTTPStatus.BAD_REQUEST, "invalid_json"


class InvalidQuery(Problem):
    status, code = HTTPStatus.BAD_REQUEST, "invalid_query"


class Unauthenticated(Problem):
    status, code = HTTPStatus.UNAUTHORIZED, "unauthenticated"


class InsufficientCredits(Problem):
    status, code = HTTPStatus.PAYMENT_REQUIRED, "insufficient_credits"


class Forbidden(Problem):
    status, code = HTTPStatus.FORBIDDEN, "forbidden"


class NotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "not_found"


class TemplateNotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "template_not_found"


class JobNotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "job_not_found"


class VideoNotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "video_not_found"

    def __init__(self, detail: str = "There is no such video.") -> None:
        super().__init__(detail)


class MethodNotAllowed(Problem):
    status, code = HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"


class JobFinished(Problem):
    status, code = HTTPStatus.CONFLICT, "job_finished"


class InsufficientBalance(Problem):
    status, code = HTTPStatus.CONFLICT, "insufficient_balance"


class ReferenceMismatch(Problem):
    status, code = HTTPStatus.CONFLICT, "reference_mismatch"


class NotCharged(Problem):
    status, code = HTTPStatus.CONFLICT, "not_charged"


class ImageTooLarge(Problem):
    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "image_too_large"


class UnsupportedImage(Problem):
    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_image"


class InvalidVariables(Problem):
    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_variables"


class InvalidImage(Problem):
    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_image"


class IdempotencyMismatch(Problem):
    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_mismatch"


class InvalidRequest(Problem):
    """A JSON body of another shape than the route's."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request"


class TooManyJobs(Problem):
    status, code = HTTPStatus.TOO_MANY_REQUESTS, "too_many_jobs"


class TooManyStreams(Problem):
    status, code = HTTPStatus.TOO_MANY_REQUESTS, "too_many_streams"


class RateLimited(Problem):
    status, code = HTTPStatus.TOO_MANY_REQUESTS, "rate_limited"


class InternalError(Problem):
    status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error"


class SubmitRefused(Problem):
    status, code = HTTPStatus.BAD_GATEWAY, "fal_rejected"


class SubmitUnavailable(Problem):
    status, code = HTTPStatus.BAD_GATEWAY, "fal_unavailable"


class DatabaseUnavailable(Problem):
    """The database gave no answer in time. A write may have been carried out."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable"

    def __init__(self, detail: str = "The database does not answer.") -> None:
        super().__init__(detail, retry_after=2)


class StorageAway(Problem):
    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "storage_unavailable"


class IdentityUnavailable(Problem):
    """The identity provider's keys are missing, so nobody can tell whether a token is valid."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "identity_unavailable"

    def __init__(self, detail: str = "The identity provider's keys cannot be fetched.") -> None:
        super().__init__(detail, retry_after=2)


class TooBusy(Problem):
    """There is no memory for what the request sends or reads."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "too_busy"


class ShuttingDown(Problem):
    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "shutting_down"
