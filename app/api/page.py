"""The web page, its documentation page, and the files in ``app/web``.

Files are served under ``/assets/{digest}/``, where the digest covers the whole folder: browsers
keep such a file forever, and never mix files of two releases. Under any other digest, such as
``/assets/latest/``, the same files are served but must be revalidated, so a page that was opened
before an update still finds its files. The pages refer to them by relative addresses, so that a
proxy can serve the service under a prefix.
"""

import functools
import hashlib
import mimetypes
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.api import bundle
from app.api.compression import COMPRESSED
from app.settings import Settings

FOLDER = Path(__file__).parents[1] / "web"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
TEXT = (".css", ".html", ".js", ".svg")

mimetypes.add_type("text/javascript", ".js")  # Python 3.11 says application/javascript


def page_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of the page, the documentation page and the assets."""
    entry = bundle.entry(FOLDER)
    headers = {
        "Cache-Control": REVALIDATE,
        "Content-Security-Policy": _content_security_policy(settings),
        "Referrer-Policy": "same-origin",
    }
    facts = _operator_facts(settings)

    def page(path: str, name: str) -> Route:
        html = read_page(name).replace("{assets}", assets_address())
        html = html.replace("{script}", entry.script).replace("{styles}", entry.styles)
        # The facts come last, so that nothing inside an address is filled in.
        html = html.replace(" {operator}", facts)

        async def answer(_request: Request) -> Response:
            return HTMLResponse(html, headers=headers)

        return Route(path, answer, middleware=COMPRESSED)

    return [
        page("/", "index.html"),
        page("/docs", "docs.html"),
        Mount("/assets/{digest}", _Assets(_digest()), middleware=COMPRESSED),
    ]


def read_page(name: str) -> str:
    """Return the HTML of a page; its ``{assets}`` stands for :func:`assets_address`."""
    return (FOLDER / name).read_text("utf-8")


def assets_address() -> str:
    """Return the address of the files of this release, relative to the service's root."""
    return f"./assets/{_digest()}"


def media_sources(settings: Settings) -> str:
    """Return the hosts that serve videos and posters, for a ``Content-Security-Policy``."""
    storage = settings.r2_public_url or settings.r2_endpoint_url
    return " ".join(["'self'", *{_origin(url) for url in (storage, settings.public_url) if url}])


class _Assets(StaticFiles):
    def __init__(self, digest: str) -> None:
        super().__init__(directory=FOLDER)
        self._digest = digest

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        current = scope["path_params"]["digest"] == self._digest
        response.headers["Cache-Control"] = IMMUTABLE if current else REVALIDATE
        if path.endswith(TEXT):
            # A strong tag would promise the same bytes with and without compression.
            response.headers["ETag"] = f"W/{response.headers['etag']}"
            if response.status_code == HTTPStatus.NOT_MODIFIED or scope["method"] == "HEAD":
                response.headers["Vary"] = "Accept-Encoding"  # as GZipMiddleware does for a body
        return response


@functools.cache
def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FOLDER)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _operator_facts(settings: Settings) -> str:
    """Return what ``operator.js`` reads, as attributes of the page's root."""
    development = "true" if settings.development else None
    facts = {
        "sign-in-url": settings.sign_in_url,
        "credits-url": settings.credits_url,
        "development": development,
    }
    return "".join(
        f' data-{name}="{escape(value)}"' for name, value in facts.items() if value is not None
    )


def _content_security_policy(settings: Settings) -> str:
    """Allow the page's own files, and videos from the host that stores them."""
    media = media_sources(settings)
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
