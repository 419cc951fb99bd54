"""The recipes of ``docs/integrate.md`` in Chromium, from choosing a picture to a playing video."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import chromium, console, context, driven_server, fal, new_home
from tests.browser.console import Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.contract.node_project import STRICT, NodeProject
from tests.contract.recipes import recipe
from tests.contract.test_package import VITE_APP
from tests.support.service import UNLIMITED_ENVIRONMENT, png
from tests.support.sockets import free_port
from tests.support.tokens import SECRET

__all__ = ["chromium", "console", "context", "fal", "new_home"]

REACT = ("react@19", "react-dom@19", "@types/react@19")
NEXT_APP = {
    "app/layout.tsx": """
import type { ReactNode } from "react";

export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
""",
    "tsconfig.json": json.dumps(
        {"compilerOptions": STRICT["compilerOptions"] | {"types": ["node"], "skipLibCheck": True}}
    ),
}
"""What ``npx create-next-app`` writes around the recipe."""


def animate(context: BrowserContext, url: str) -> Page:
    """Open a page and choose a picture."""
    page = context.new_page()
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(url)
    page.set_input_files("input", {"name": "p.png", "mimeType": "image/png", "buffer": png()})
    return page


def until_video_plays(page: Page) -> None:
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_next_builds_and_its_page_follows_the_event_stream(
    tmp_path: Path,
    context: BrowserContext,
    console: Console,
    new_home: Callable[[], Path],
    fal: DrivenFal,
) -> None:
    project = NodeProject(tmp_path)
    project.install_client(*REACT, "next@16", "typescript@5", "@types/node@20", "jose@6")
    project.write(recipe("Next") | NEXT_APP)
    url = f"http://127.0.0.1:{(port := free_port())}"
    with driven_server(new_home(), fal) as service:
        project.run("next", "build", VIDEO_SERVICE_URL=service.url)
        with project.served(url, "next", "start", "-p", str(port), AUTH_JWT_SECRET=SECRET):
            context.add_cookies([{"name": "session", "value": "ada", "url": url}])
            page = animate(context, url)
            page.get_by_role("button", name="Cancel (queued)").wait_for()
            fal.begin()
            page.get_by_role("button", name="Cancel (generating)").wait_for()
            fal.complete()
            until_video_plays(page)
    assert any("Event" in line for line in console.lines)
    assert not any("Poll" in line for line in console.lines)


PORT = free_port()
ORIGIN = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def development(new_home: Callable[[], Path], fal: DrivenFal) -> Iterator[Server]:
    """A service where nobody signs in, and that pages of another origin may call."""
    environment = UNLIMITED_ENVIRONMENT | fal.settings | {"CORS_ORIGINS": ORIGIN}
    with Server(new_home(), "tests.support.serve", **environment) as server:
        yield server


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_vite_s_development_server_passes_the_event_stream_on(
    tmp_path: Path,
    context: BrowserContext,
    console: Console,
    development: Server,
    fal: DrivenFal,
) -> None:
    project = NodeProject(tmp_path)
    project.install_client(*REACT, "vite@8", "@vitejs/plugin-react@6")
    project.write(recipe("Vite") | VITE_APP)
    config = project.folder / "vite.config.ts"
    config.write_text(config.read_text().replace("http://127.0.0.1:8000", development.url))
    url = f"http://127.0.0.1:{(port := free_port())}"
    with project.served(url, "vite", "--host", "127.0.0.1", "--port", str(port), "--strictPort"):
        page = animate(context, url)
        page.get_by_text("queued").wait_for()
        fal.complete()
        until_video_plays(page)
    assert any("Event" in line for line in console.lines)


@contextmanager
def site(folder: Path) -> Iterator[None]:
    """Serve a folder at ``ORIGIN``, as ``python -m http.server`` does."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def test_a_page_of_another_origin_makes_a_video(
    tmp_path: Path,
    context: BrowserContext,
    console: Console,
    development: Server,
    fal: DrivenFal,
) -> None:
    html = recipe("Plain HTML on another origin")["index.html"]
    (tmp_path / "index.html").write_text(html.replace("http://127.0.0.1:8000", development.url))
    with site(tmp_path):
        page = animate(context, ORIGIN)
        page.get_by_text("queued").wait_for()
        fal.complete()
        until_video_plays(page)
    assert any("Event" in line for line in console.lines)
