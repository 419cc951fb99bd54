"""Every error that the service raises on purpose, as one tree.

::

    ServiceError
    ├── Problem                 the answer to a request: an HTTP status and a stable code
    │   ├── InvalidMultipart, InvalidJSON, InvalidQuery             400
    │   ├── Unauthenticated, InsufficientCredits                    401, 402
    │   ├── NotFound, TemplateNotFound, JobNotFound                 404
    │   ├── MethodNotAllowed, JobFinished                           405, 409
    │   ├── ImageTooLarge, UnsupportedImage                         413, 415
    │   ├── InvalidVariables, InvalidImage, IdempotencyMismatch     422
    │   ├── TooManyJobs, TooManyStreams, RateLimited                429
    │   ├── InternalError                                           500
    │   ├── SubmitRefused (fal_rejected), SubmitUnavailable         502
    │   └── DatabaseUnavailable, StorageAway, TooBusy, ShuttingDown 503
    ├── FalError                a call to fal failed
    │   ├── FalRefused          a definite refusal; a retry would not help
    │   ├── FalCancelled        the request was cancelled
    │   ├── FalNotFound         fal does not know the request
    │   ├── FalUnavailable      temporary
    │   │   ├── FalUnreachable  nothing was sent
    │   │   └── FalOperatorRefused  fal refuses this service's key or account
    │   └── FalAnswerLost       the submit was sent, but its answer is unknown
    ├── VideoError              fal's media host did not serve a usable video
    │   ├── VideoRejected       permanent
    │   ├── VideoHostAway       temporary: the host does not answer
    │   └── VideoUnavailable    temporary: the file cannot be used
    ├── ObjectTaken             the storage key holds other bytes
    ├── StorageUnavailable      the object store fails; temporary
    ├── LeaseLost               another worker has the job now
    ├── RequestTaken            fal's request belongs to another job
    └── ConfigurationError      the service cannot work with its settings
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar


class ServiceError(Exception):
    """The base of every error that the service raises on purpose."""


class ConfigurationError(ServiceError):
    """The settings, or what they name, cannot be used; the message says what to change."""


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


class NotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "not_found"


class TemplateNotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "template_not_found"


class JobNotFound(Problem):
    status, code = HTTPStatus.NOT_FOUND, "job_not_found"


class MethodNotAllowed(Problem):
    status, code = HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"


class JobFinished(Problem):
    status, code = HTTPStatus.CONFLICT, "job_finished"


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


class TooBusy(Problem):
    """There is no memory for what the request sends."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "too_busy"


class ShuttingDown(Problem):
    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "shutting_down"


_VERDICTS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.GONE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class FalError(ServiceError):
    """A call to fal failed; the message may be shown to the user."""


class FalRefused(FalError):
    """A definite refusal. The message is fal's reason, ``retry_after`` its wait in seconds."""

    def __init__(self, message: str, *, status: int, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    @property
    def is_about_the_job(self) -> bool:
        """The model refuses the job; any other status is about fal's health or this service."""
        return self.status in _VERDICTS


class FalCancelled(FalError):
    """The request was cancelled at fal: 499 ``client_cancelled``."""


class FalNotFound(FalError):
    """fal answered 404: it does not know the request yet, or has forgotten it."""


class FalUnavailable(FalError):
    """A failure that may pass, such as 5xx, 429, a timeout or a malformed answer: ask later."""


class FalUnreachable(FalUnavailable):
    """Nothing was sent; the cause says why."""


class FalOperatorRefused(FalUnavailable):
    """401, 402 or 403. The cause has fal's reason, which is for the operator, not for users."""

    def __init__(self) -> None:
        super().__init__(
            "The video service is not available at the moment. "
            "Nothing was charged; please try again later."
        )


class FalAnswerLost(FalError):
    """fal may have accepted the submit, so it must never be sent again."""


class VideoError(ServiceError):
    """There is no usable video at its address; the message may be shown to the user."""


class VideoRejected(VideoError):
    """The host is not on the list, or the file is of another kind. It is never fetched again."""


class VideoHostAway(VideoError):
    """The host does not answer, or is overloaded. The video is fetched until the deadline."""


class VideoUnavailable(VideoError):
    """The file is missing, incomplete, too large or cannot be decoded. It is fetched again."""


class ObjectTaken(ServiceError):
    """The storage key already holds other bytes, which stay as they are."""


class StorageUnavailable(ServiceError):
    """The object store fails or cannot be reached; the job waits for it."""


class RequestTaken(ServiceError):
    """fal gave this job a request that already belongs to another job."""


class LeaseLost(ServiceError):
    """Another worker has the job's lease, or the job has ended."""
