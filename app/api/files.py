"""The route of locally stored files."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.api.service import LifespanState
from app.problems import NotFound
from app.storage.local_files import LocalFiles


def media_route(files: LocalFiles) -> Route:
    """Return the route ``GET /media/{key}``, which serves ``files`` with ranges."""

    async def media(request: Request[LifespanState]) -> Response:
        served = await files.resolve(
            request.path_params["key"],
            expires=request.query_params.get("expires", ""),
            signature=request.query_params.get("signature", ""),
            download=request.query_params.get("download") == "1",
        )
        if served is None:
            raise NotFound("There is no such file, or its address has expired.")
        return FileResponse(
            served.path,
            media_type=served.content_type,
            filename=served.path.name,
            content_disposition_type=served.disposition,
            stat_result=served.stat,
            headers={"Cache-Control": f"private, max-age={served.seconds_left}"},
        )

    return Route("/media/{key:path}", media)
