"""Every error that the service raises on purpose, as one tree.

::

    ServiceError
    ├── Problem                 an answer to a request, see app/problems.py
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
    ├── ObjectTaken             the storage key cannot be used
    ├── StorageUnavailable      the object store fails; temporary
    ├── KeySetUnavailable       public keys cannot be fetched; temporary
    ├── EventNotTaken           the receiver of events did not take one; temporary
    ├── LeaseLost               another worker has the job now
    ├── RequestTaken            fal's request belongs to another job
    └── ConfigurationError      the service cannot work with its settings
"""

from http import HTTPStatus


class ServiceError(Exception):
    """The base of every error that the service raises on purpose."""


class ConfigurationError(ServiceError):
    """The settings, or what they name, cannot be used; the message says what to change."""


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


class KeySetUnavailable(ServiceError):
    """Public keys cannot be fetched, so nobody can tell whether a signature is valid."""


class RequestTaken(ServiceError):
    """fal gave this job a request that already belongs to another job."""


class EventNotTaken(ServiceError):
    """The receiver of events did not take one, or its answer was lost: tell it again later."""


class LeaseLost(ServiceError):
    """Another worker has the job's lease, or the job has ended."""
