"""The page and its assets over HTTP."""

import re
import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.api.bundle import BUNDLE, SOURCES, entry
from app.api.page import FOLDER, page_routes
from app.database.schema import FOLDER as SCHEMA
from app.settings import Settings
from tests.support.service import Running


async def _assets(run: Running) -> str:
    match = re.search(r"/assets/[0-9a-f]{16}", (await run.client.get("/")).text)
    assert match
    return match[0]


async def test_the_page_needs_no_token_and_is_revalidated(run: Running) -> None:
    answer = await run.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_assets_under_the_digest_of_their_content_are_immutable(run: Running) -> None:
    assets = await _assets(run)
    answer = await run.client.get(f"{assets}/video-generation.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_assets_under_another_digest_are_served_and_revalidated(run: Running) -> None:
    answer = await run.client.get("/assets/latest/video-generation.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_missing_asset_or_wrong_method_answers_with_a_problem(run: Running) -> None:
    assets = await _assets(run)
    for path in (f"{assets}/none.js", f"{assets}/../page.py", f"{assets}/%2e%2e/page.py", assets):
        answer = await run.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await run.client.post(f"{assets}/video-generation.js")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_the_content_security_policy_allows_no_inline_code_and_no_other_host(
    run: Running,
) -> None:
    policy = (await run.client.get("/")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy


async def test_the_content_security_policy_names_the_host_that_serves_the_videos(
    settings: Settings,
) -> None:
    with_r2 = settings.model_copy(update={"r2_public_url": "https://cdn.example.com/videos"})
    page, *_ = page_routes(with_r2)
    answer = await page.endpoint(None)  # type: ignore[attr-defined]
    policy = answer.headers["content-security-policy"]
    assert "media-src 'self' https://cdn.example.com blob:" in policy


async def test_the_page_names_what_the_operator_has_set_and_nothing_else(
    settings: Settings,
) -> None:
    hostile = 'https://shop.example/?a=1&b="><script>{assets}'
    for given, facts in (
        ({"sign_in_url": "https://id.example/in"}, ' data-sign-in-url="https://id.example/in"'),
        (
            {"credits_url": hostile},
            ' data-credits-url="https://shop.example/?a=1&amp;b=&quot;&gt;&lt;script&gt;{assets}"',
        ),
        ({"auth_jwt_secret": None}, ' data-development="true"'),
        ({}, ""),
    ):
        named = {"auth_jwt_secret": SecretStr("s" * 32)} | given
        page, *_ = page_routes(settings.model_copy(update=named))
        answer = await page.endpoint(None)  # type: ignore[attr-defined]
        assert f'data-session="unknown"{facts}>' in answer.body.decode()


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/assets/latest/bundle.js", "/metrics"]
)
async def test_text_is_compressed_for_clients_that_accept_it(run: Running, path: str) -> None:
    plain = await run.client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    compressed = await run.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.headers["vary"] == "Accept-Encoding"
    assert compressed.num_bytes_downloaded < len(plain.content) / 2
    if path != "/metrics":
        assert compressed.content == plain.content


@pytest.mark.parametrize("name", ["any.mp4", "any.webp"])
async def test_videos_and_pictures_are_not_compressed_again(run: Running, name: str) -> None:
    answer = await run.client.get(
        f"/assets/latest/previews/{name}", headers={"Accept-Encoding": "gzip"}
    )
    assert "content-encoding" not in answer.headers
    assert answer.content == (FOLDER / "previews" / name).read_bytes()
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not answer.headers["etag"].startswith("W/")


async def test_scripts_and_styles_are_served_unchanged(run: Running) -> None:
    assets = await _assets(run)
    for name in ("video-generation.js", "styles/base.css"):
        answer = await run.client.get(f"{assets}/{name}")
        assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_an_asset_that_the_browser_has_is_not_sent_again(run: Running, encoding: str) -> None:
    assets = await _assets(run)
    for path in (
        f"{assets}/video-generation.js",
        f"{assets}/previews/any.mp4",
        "/assets/latest/video-generation.js",
    ):
        headers = {"Accept-Encoding": encoding}
        first = await run.client.get(path, headers=headers)
        headers["If-None-Match"] = first.headers["etag"]
        again = await run.client.get(path, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        for header in ("etag", "cache-control", "vary"):
            assert again.headers.get(header) == first.headers.get(header)


async def test_head_answers_as_get_without_a_body(run: Running) -> None:
    assets = await _assets(run)
    for path in ("/", f"{assets}/video-generation.js", f"{assets}/previews/any.mp4"):
        head = await run.client.head(path)
        get = await run.client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        for header in ("content-type", "cache-control", "etag", "vary"):
            assert head.headers.get(header) == get.headers.get(header)


async def test_the_page_names_a_bundle_of_its_sources_below_100_kilobytes(run: Running) -> None:
    assert entry(FOLDER) == BUNDLE, "run make bundle: a script or a style sheet has changed"
    page, size = await run.client.get("/"), 0
    for path in (BUNDLE.script, BUNDLE.styles):
        assert f"/{path}" in page.text
        headers = {"Accept-Encoding": "gzip"}
        answer = await run.client.get(f"{await _assets(run)}/{path}", headers=headers)
        size += answer.num_bytes_downloaded
    assert size < 100_000


@pytest.mark.parametrize("changed", ["app.js", "styles/base.css", "bundle.css"])
def test_a_bundle_of_other_sources_is_not_served(tmp_path: Path, changed: str) -> None:
    media = shutil.ignore_patterns("*.mp4", "*.webp")
    folder = shutil.copytree(FOLDER, tmp_path / "web", ignore=media)
    before = entry(folder)
    file = folder / changed
    file.write_text(f" {file.read_text()}")
    assert (before, entry(folder)) == (BUNDLE, SOURCES)
    (folder / BUNDLE.script).unlink()
    assert entry(folder) == SOURCES


def test_only_files_beside_the_bundle_use_their_own_address() -> None:
    scripts = [path for path in FOLDER.rglob("*.js") if "import.meta.url" in path.read_text()]
    bundled = [path for path in scripts if path.parent.name != "docs"]
    assert {path.parent for path in bundled} == {FOLDER}


async def test_every_template_has_a_preview_video_that_answers_byte_ranges(run: Running) -> None:
    assets = await _assets(run)
    slugs = [path.stem for path in (SCHEMA / "templates").glob("*.json")]
    for slug in [*slugs, "any"]:
        answer = await run.client.get(
            f"{assets}/previews/{slug}.mp4", headers={"Range": "bytes=4-7"}
        )
        assert (answer.status_code, answer.content) == (206, b"ftyp")
        assert (await run.client.get(f"{assets}/previews/{slug}.webp")).status_code == 200
