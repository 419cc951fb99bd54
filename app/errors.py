"""Everything that goes wrong here, as one tree.

::

    ServiceError
    ├── Problem                 answered to a caller: an HTTP status and a stable code
    │   ├── InvalidMultipart, InvalidJSON, InvalidQuery             400
    │   ├── Unauthenticated                                         401
    │   ├── InsufficientCredits                                     402
    │   ├── NotFound, TemplateNotFound, JobNotFound                 404
    │   ├── MethodNotAllowed                                        405
    │   ├── JobFinished                                             409
    │   ├── ImageTooLarge                                           413
    │   ├── UnsupportedImage                                        415
    │   ├── InvalidVariables, InvalidImage, IdempotencyMismatch     422
    │   ├── TooManyJobs, TooManyStreams, RateLimited                429
    │   ├── SubmitRefused (fal_rejected), SubmitUnavailable         502
    │   ├── InternalError                                           500
    │   └── DatabaseUnavailable, StorageAway, ShuttingDown          503
    ├── FalError                fal's side of a job
    │   ├── FalRefused          a definite no; asking again changes nothing
    │   ├── FalCancelled        ended because it was asked to
    │   ├── FalNotFound         fal does not know the request
    │   ├── FalUnavailable      may pass
    │   │   └── FalUnreachable  nothing could be sent
    │   └── FalAnswerLost       the submit left, its answer never came
    ├── VideoError              what fal's media host served
    │   ├── VideoRejected       can never be stored
    │   └── VideoUnavailable    may pass
    ├── StorageError
    │   ├── ObjectTaken         other bytes stand under this key
    │   └── StorageUnavailable  may pass
    ├── LeaseLost               another worker has taken the job over
    ├── RequestTaken            fal named a request that belongs to another job
    └── ConfigurationError      the settings cannot work together
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar


class ServiceError(Exception):
    """The base of every error that this service raises on purpose."""


class ConfigurationError(ServiceError):
    """The settings, or what they point at, cannot work; the message says what to change."""


class Problem(ServiceError):
    """An answer to a caller in the shape of RFC 9457; its message is the ``detail``."""

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
        body: dict[str, object] = {
            "type": f"urn:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
        }
        if self.job_id is not None:
            body["jobId"] = self.job_id
        return body


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
    """A fault of this service; the log has its traceback."""

    status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error"


class SubmitRefused(Problem):
    """fal said no to the upload or the submit, and why."""

    status, code = HTTPStatus.BAD_GATEWAY, "fal_rejected"


class SubmitUnavailable(Problem):
    """fal could not be reached, or failed on its own account."""

    status, code = HTTPStatus.BAD_GATEWAY, "fal_unavailable"


class DatabaseUnavailable(Problem):
    """The database is down, hangs, or answered no call in time; a write may have landed."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable"

    def __init__(self, detail: str = "The database does not answer.") -> None:
        super().__init__(detail, retry_after=2)


class StorageAway(Problem):
    """The object store cannot be asked, for an address of a video say."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "storage_unavailable"


class ShuttingDown(Problem):
    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "shutting_down"


class FalError(ServiceError):
    """fal's side of a job went wrong; the message is fit for the user."""


class FalRefused(FalError):
    """A definite refusal with fal's own reason.

    ``status`` is fal's HTTP status; ``retry_after`` passes on its ``Retry-After`` in seconds.
    """

    def __init__(self, message: str, *, status: int, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    @property
    def is_about_the_job(self) -> bool:
        """The job is at fault, not fal's load or health: neither 429 nor 5xx."""
        too_many = HTTPStatus.TOO_MANY_REQUESTS
        return self.status < HTTPStatus.INTERNAL_SERVER_ERROR and self.status != too_many


class FalCancelled(FalError):
    """The request was ended because somebody asked fal to: 499 ``client_cancelled``."""


class FalNotFound(FalError):
    """fal answered 404: it does not know the request, or has forgotten it."""


class FalUnavailable(FalError):
    """5xx, 429, a dropped line, a timeout or an answer that makes no sense: ask again later."""


class FalUnreachable(FalUnavailable):
    """Nothing could be sent; its cause says why."""


class FalAnswerLost(FalError):
    """The submit may have reached fal, and nobody knows: it must never be sent again."""


class VideoError(ServiceError):
    """What the media host served is not a video to store; the message is fit for the user."""


class VideoRejected(VideoError):
    """The host is not on the list, or redirects off it: it is never asked again."""


class VideoUnavailable(VideoError):
    """Cut short, too large, no video, or the host failed: fetched again a few times."""


class StorageError(ServiceError):
    """The object store's side of a delivery."""


class ObjectTaken(StorageError):
    """Other bytes already stand under the key; they are left alone."""


class StorageUnavailable(StorageError):
    """The object store fails or cannot be reached; the job waits for it."""


class RequestTaken(ServiceError):
    """fal has named a request of another job of ours for this one."""


class LeaseLost(ServiceError):
    """The job's lease has passed to another worker, or the job has ended meanwhile."""
