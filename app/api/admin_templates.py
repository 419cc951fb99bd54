"""The route of the back office that takes a template off offer."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.admin_keys import admin_key_of
from app.api.json_body import Body, json_body
from app.api.service import NO_STORE, LifespanState, service_of
from app.domain.admin_action import AdminAction


class Offer(Body):
    """Whether the template is listed and takes submits."""

    enabled: bool


async def change_template(request: Request[LifespanState]) -> Response:
    """``PATCH /api/admin/templates/{slug}``."""
    key = admin_key_of(request)
    service = service_of(request)
    body = await json_body(request, Offer)
    slug: str = request.path_params["slug"]
    await service.support.enable_template(slug, enabled=body.enabled, action=AdminAction(key=key))
    await service.catalogue.reload()
    return JSONResponse({"slug": slug, "enabled": body.enabled}, headers=NO_STORE)
