"""The route of locally stored files."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.service import LifespanState, service_of
from app.errors import NotFound
from app.storage.local_files import LocalFiles


async def media(request: Request[LifespanState]) -> Response:
    """``GET /media/{key}``: local storage only."""
    storage = service_of(request).storage
    if not isinstance(storage, LocalFiles):
        raise NotFound("There is no such file.")
    return await storage.serve(request)
