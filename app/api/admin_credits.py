"""The routes of the back office that change credits."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.admin_keys import admin_key_of
from app.api.json_body import Body, json_body
from app.api.presentation import account_json
from app.api.service import NO_STORE, LifespanState, is_job_id, service_of
from app.api.tokens import MAX_SUBJECT, is_subject
from app.domain.admin_action import AdminAction
from app.domain.credits import MAX_ADJUSTMENT, MAX_REFERENCE, ChangedAccount, is_reference
from app.problems import JobNotFound

MAX_REASON = 500
"""Characters."""


def _subject(user: str) -> str:
    if not is_subject(user):
        raise PydanticCustomError("user", f"must have 1 to {MAX_SUBJECT} characters")
    return user


def _not_zero(credits_: int) -> int:
    if credits_ == 0:
        raise PydanticCustomError("credits", "must not be 0")
    return credits_


def _reference(text: str) -> str:
    if not is_reference(text):
        raise PydanticCustomError(
            "reference", f"must be 1 to {MAX_REFERENCE} visible ASCII characters"
        )
    return text


Reason = Annotated[str, Field(max_length=MAX_REASON)]


class Adjustment(Body):
    """What the shop or a person adds to an account, or takes back."""

    user: Annotated[str, AfterValidator(_subject)]
    credits: Annotated[int, Field(ge=-MAX_ADJUSTMENT, le=MAX_ADJUSTMENT), AfterValidator(_not_zero)]
    reference: Annotated[str, AfterValidator(_reference)]
    reason: Reason = ""


class Refund(Body):
    """Why a charge is given back."""

    reason: Reason = ""


async def adjust_credits(request: Request[LifespanState]) -> Response:
    """``POST /api/admin/credits``."""
    key = admin_key_of(request)
    body = await json_body(request, Adjustment)
    account = await service_of(request).accounts.adjust(
        AdminAction(key=key, reason=body.reason or None),
        reference=body.reference,
        user=body.user,
        credits_=body.credits,
    )
    return _answer(account)


async def refund(request: Request[LifespanState]) -> Response:
    """``POST /api/admin/jobs/{jobId}/refund``."""
    key = admin_key_of(request)
    body = await json_body(request, Refund, may_be_empty=True)
    job_id = request.path_params["jobId"]
    if not is_job_id(job_id):
        raise JobNotFound("There is no such job.")
    by = AdminAction(key=key, reason=body.reason or None)
    return _answer(await service_of(request).accounts.refund(by, job_id))


def _answer(account: ChangedAccount) -> Response:
    repeated = {"Idempotent-Replayed": "true"} if account.repeated else {}
    return JSONResponse(account_json(account), headers=NO_STORE | repeated)
