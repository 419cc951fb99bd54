"""Why the database refused to open or to change a job, as errors of the service."""

from app.database.errors import Thrown
from app.database.limits import Limits
from app.domain.submission import Submission
from app.errors import LeaseLost, RequestTaken, ServiceError
from app.problems import (
    Forbidden,
    IdempotencyMismatch,
    InsufficientCredits,
    JobFinished,
    JobNotFound,
    RateLimited,
    TemplateNotFound,
    TooManyJobs,
)


def refusal_of_submit(thrown: Thrown, submission: Submission, limits: Limits) -> ServiceError:
    """Return why ``fn::video_job::open`` created no job, or what it threw if that is unknown."""
    template = submission.template
    refusal: ServiceError = thrown
    match thrown.code:
        case "suspended":
            refusal = Forbidden("This account is suspended, so it cannot make videos.")
        case "template_disabled":
            refusal = TemplateNotFound(f"There is no template {template.slug!r}.")
        case "insufficient_credits":
            refusal = InsufficientCredits(
                f"{template.title} costs {submission.price} credits. Available: {thrown.argument}."
            )
        case "too_many_jobs":
            refusal = TooManyJobs(
                f"At most {limits.in_flight} videos are made at a time.", retry_after=10
            )
        case "rate_limited":
            refusal = RateLimited(
                f"At most {limits.per_minute} videos a minute.", retry_after=int(thrown.argument)
            )
        case "idempotency_mismatch":
            refusal = IdempotencyMismatch("The Idempotency-Key was used with other content.")
    return refusal


def refusal_of_change(thrown: Thrown, job_id: str) -> ServiceError:
    """Return why a function did not change the job, or what it threw if that is unknown."""
    refusal: ServiceError = thrown
    match thrown.code:
        case "job_not_found":
            refusal = JobNotFound("There is no such job.")
        case "job_finished":
            refusal = JobFinished("The job has ended, or is about to.")
        case "being_stored":
            refusal = JobFinished("The job's video is being stored.")
        case "lease_lost":
            refusal = LeaseLost(job_id)
        case "request_taken":
            refusal = RequestTaken(job_id)
    return refusal
