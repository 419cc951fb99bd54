"""The page and the browser module, as they stand in ``app/web``.

Everything but the page itself is served under an address that names the content of the whole
folder, so that a browser may keep it for ever and never mixes two releases. Under any other name,
``/assets/latest/…`` say, the same files are served for now: a page that was opened before an
update still finds what it needs. Scripts and styles lose their comments and indents on the way.
"""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from rcssmin import cssmin
from rjsmin import jsmin
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.settings import Settings

FOLDER = Path(__file__).parents[1] / "web"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
MINIFIERS = {".js": jsmin, ".css": cssmin}
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}


def page_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of the page and of the interface's description; the folder is read once."""
    digest = _digest(FOLDER)
    headers = {
        "Cache-Control": ASK_AGAIN,
        "Content-Security-Policy": _content_security_policy(settings),
        "Referrer-Policy": "same-origin",
    }

    def page(path: str, name: str) -> Route:
        html = (FOLDER / name).read_text("utf-8").replace("{assets}", f"/assets/{digest}")

        async def answer(_request: Request) -> Response:
            return HTMLResponse(html, headers=headers)

        return Route(path, answer)

    return [
        page("/", "index.html"),
        page("/docs", "docs.html"),
        Mount("/assets/{digest}", _Assets(digest)),
    ]


class _Assets(StaticFiles):
    def __init__(self, digest: str) -> None:
        super().__init__(directory=FOLDER)
        self._digest = digest
        self._code = {
            path.relative_to(FOLDER).as_posix(): str(
                MINIFIERS[path.suffix](path.read_text("utf-8"))
            )
            for path in FOLDER.rglob("*")
            if path.suffix in MINIFIERS
        }

    async def get_response(self, path: str, scope: Scope) -> Response:
        code = self._code.get(path) if scope["method"] in {"GET", "HEAD"} else None
        if code is None:
            response = await super().get_response(path, scope)
        else:
            response = Response(code, media_type=MEDIA_TYPES[Path(path).suffix])
        current = scope["path_params"]["digest"] == self._digest
        response.headers["Cache-Control"] = FOR_EVER if current else ASK_AGAIN
        return response


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _content_security_policy(settings: Settings) -> str:
    """Allow what the page is made of, and the host that serves the videos."""
    store = settings.r2_public_url or settings.r2_endpoint_url
    media = " ".join(["'self'", *{_origin(url) for url in (store, settings.public_url) if url}])
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src {media}",
            f"img-src {media} blob: data:",
            f"media-src {media} blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
