"""How the page and its assets are served."""

import re

from app.api.page import FOLDER, page_routes
from app.database.schema import FOLDER as SCHEMA
from app.settings import Settings
from tests.support.service import Running


async def _assets(run: Running) -> str:
    match = re.search(r"/assets/[0-9a-f]{16}", (await run.client.get("/")).text)
    assert match
    return match[0]


async def test_the_page_needs_no_token_and_is_asked_for_again(run: Running) -> None:
    answer = await run.client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_assets_are_kept_for_ever_under_the_name_of_their_content(run: Running) -> None:
    assets = await _assets(run)
    answer = await run.client.get(f"{assets}/video-generation.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_an_older_page_finds_its_assets_and_keeps_none_of_them(run: Running) -> None:
    answer = await run.client.get("/assets/latest/video-generation.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_is_no_asset_is_a_problem_like_any_other(run: Running) -> None:
    assets = await _assets(run)
    for path in (f"{assets}/none.js", f"{assets}/../page.py", f"{assets}/%2e%2e/page.py", assets):
        answer = await run.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await run.client.post(f"{assets}/video-generation.js")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_the_policy_allows_no_inline_code_and_no_other_host(run: Running) -> None:
    policy = (await run.client.get("/")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "default-src 'none'" in policy


async def test_the_policy_names_the_host_that_serves_the_videos(settings: Settings) -> None:
    with_r2 = settings.model_copy(update={"r2_public_url": "https://cdn.example.com/videos"})
    page, *_ = page_routes(with_r2)
    answer = await page.endpoint(None)  # type: ignore[attr-defined]
    policy = answer.headers["content-security-policy"]
    assert "media-src 'self' https://cdn.example.com blob:" in policy


async def test_code_is_served_without_its_comments_and_works_the_same(run: Running) -> None:
    assets = await _assets(run)
    source = (FOLDER / "video-generation.js").read_text()
    answer = await run.client.get(f"{assets}/video-generation.js")
    assert len(answer.content) < len(source.encode())
    assert "/**" not in answer.text
    for exported in ("VideoGeneration", "GenerationError"):
        assert exported in answer.text


async def test_scripts_and_styles_of_the_page_stay_below_150_kilobytes(run: Running) -> None:
    assets = await _assets(run)
    files = (path.relative_to(FOLDER) for path in FOLDER.rglob("*"))
    code = [
        path.as_posix()
        for path in files
        if path.suffix in {".js", ".css"} and "docs" not in {path.parts[0], path.stem}
    ]
    sizes = [len((await run.client.get(f"{assets}/{path}")).content) for path in code]
    assert sum(sizes) < 150_000


async def test_every_template_has_a_moving_preview_that_can_be_read_in_parts(run: Running) -> None:
    assets = await _assets(run)
    slugs = [path.stem for path in (SCHEMA / "templates").glob("*.json")]
    for slug in [*slugs, "any"]:
        answer = await run.client.get(
            f"{assets}/previews/{slug}.mp4", headers={"Range": "bytes=4-7"}
        )
        assert (answer.status_code, answer.content) == (206, b"ftyp")
        assert (await run.client.get(f"{assets}/previews/{slug}.webp")).status_code == 200
