"""Downloads, and videos that are shared by link."""

import asyncio
import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest
from pydantic import SecretStr

from app.api.service import NO_STORE
from app.main import create_app
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.problems.scene import FaultySeam
from tests.support.refusals import assert_problem
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, S3Server
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

VIDEO = small_video(seconds=1, width=128, height=72)
AS_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PUBLIC = "https://app.example.com/animate"
TITLES = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'> & friends",
    "{title} {assets} {0} {",
    "ليلة في المدينة",
    "\u202eevil\u2066",
    "Night 🌃 👩‍🎤 roller",
    "x" * 200,
]


class Page(HTMLParser):
    """What a browser makes of a page: its title, its heading and its tags with attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.text.setdefault(self.tags[-1][0], data)

    @property
    def preview(self) -> dict[str, str | None]:
        return {
            str(each["property"]): each["content"]
            for tag, each in self.tags
            if tag == "meta" and "property" in each
        }

    @property
    def video(self) -> dict[str, str | None]:
        (video,) = (each for tag, each in self.tags if tag == "video")
        return video


async def made(run: Running, fal: FalStandIn, *, user: str = "ada", title: str = "") -> str:
    """Make a video and return its job."""
    job = await run.submitted(user=user)
    fal.complete(fal.newest, VIDEO)
    assert (await run.finished(job, user=user))["status"] == "completed"
    if title:
        await run.rows(
            "UPDATE type::record('library_video', $job) SET title = $title", job=job, title=title
        )
    return job


@pytest.fixture
async def job(run: Running, fal: FalStandIn) -> str:
    """The job of a video of ada's."""
    return await made(run, fal)


async def share(run: Running, job: str, *, user: str = "ada") -> httpx.Response:
    return await run.client.post(f"/api/library/{job}/share", headers=bearer(user))


async def revoke(run: Running, job: str, *, user: str = "ada") -> httpx.Response:
    return await run.client.delete(f"/api/library/{job}/share", headers=bearer(user))


async def shared(run: Running, job: str) -> str:
    """Share a video and return the path of its page."""
    answer = await share(run, job)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["shareUrl"]).removeprefix(PUBLIC)


async def delete(run: Running, job: str) -> None:
    """Mark a video as deleted, and leave its share: what is shared must look for itself."""
    await run.rows(
        "UPDATE type::record('library_video', $job) SET deleted_at = time::now()", job=job
    )


async def test_a_download_leads_to_the_file_under_its_name(run: Running, job: str) -> None:
    (video,) = (await run.library())["videos"]
    name = video["key"].rpartition("/")[2]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-night-life-roller\.mp4", name)
    answer = await run.get(f"/api/library/{job}/download")
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
    for address in (
        answer.headers["location"],
        video["downloadUrl"],
        (await run.status(job))["downloadUrl"],
    ):
        file = await run.client.get(address)  # without a token, as a link
        assert (file.status_code, file.content) == (200, VIDEO)
        assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    shown = await run.client.get(video["url"])
    assert shown.headers["content-disposition"] == f'inline; filename="{name}"'


async def test_a_download_answers_head_and_ranges(run: Running, job: str) -> None:
    path = f"/api/library/{job}/download"
    redirect = await run.client.head(path, headers=bearer())
    assert redirect.status_code == 302
    address = redirect.headers["location"]
    head = await run.client.head(address)
    assert head.headers["content-length"] == str(len(VIDEO))
    part = await run.client.get(address, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-disposition"].startswith("attachment; ")


async def test_an_unfinished_job_has_no_download(run: Running) -> None:
    unfinished = await run.submitted()
    assert "downloadUrl" not in await run.status(unfinished)
    assert_problem(await run.get(f"/api/library/{unfinished}/download"), 404, "video_not_found")
    assert_problem(await share(run, unfinished), 404, "video_not_found")


@pytest.mark.unaudited  # half a deletion
async def test_missing_foreign_and_deleted_videos_are_the_same_404(run: Running, job: str) -> None:
    paths = [("GET", "download"), ("POST", "share"), ("DELETE", "share")]

    async def refusals(job_id: str, user: str) -> list[str]:
        answers = [
            await run.client.request(method, f"/api/library/{job_id}/{last}", headers=bearer(user))
            for method, last in paths
        ]
        return [str(assert_problem(each, 404, "video_not_found")) for each in answers]

    missing = await refusals("no-such-job", "ada")
    assert await refusals(job, "eve") == missing
    assert await refusals("%00", "ada") == missing
    assert await refusals("ü", "ada") == missing
    await delete(run, job)
    assert await refusals(job, "ada") == missing
    for method, last in paths:
        answer = await run.client.request(method, f"/api/library/{job}/{last}")
        assert_problem(answer, 401, "unauthenticated")


async def test_a_share_is_the_same_each_time_until_it_is_revoked_for_good(
    run: Running, job: str
) -> None:
    first = await shared(run, job)
    assert re.fullmatch(r"/v/[A-Za-z0-9_-]{22}", first)
    assert await shared(run, job) == first
    assert (await run.library())["videos"][0]["shareUrl"] == first
    for _ in range(2):
        answer = await revoke(run, job)
        assert (answer.status_code, answer.content) == (204, b"")
    assert "shareUrl" not in (await run.library())["videos"][0]
    second = await shared(run, job)
    assert second != first
    assert_problem(await run.client.get(first), 404, "video_not_found")
    assert (await run.client.get(second)).status_code == 200


async def test_racing_shares_get_one_link(run: Running, job: str) -> None:
    answers = await asyncio.gather(*(share(run, job) for _ in range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert len(await run.rows("SELECT * FROM share")) == 1


async def test_racing_shares_and_revocations_leave_one_link_or_none(run: Running, job: str) -> None:
    answers = await asyncio.gather(*(each(run, job) for _ in range(10) for each in (share, revoke)))
    assert {answer.status_code for answer in answers} == {200, 204}
    shares = await run.rows("SELECT VALUE record::id(id) FROM share")
    (video,) = (await run.library())["videos"]
    assert [f"/v/{token}" for token in shares] == [video[n] for n in ("shareUrl",) if n in video]


async def test_the_page_plays_the_video_for_anyone(run: Running, job: str) -> None:
    path = await shared(run, job)
    answer = await run.client.get(path)
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.text["title"] == "Night life roller · Animate"
    assert page.text["h1"] == "Night life roller"
    assert {"controls", "playsinline"} <= page.video.keys()
    assert (page.video["width"], page.video["height"]) == ("128", "72")
    video = await run.client.get(urljoin(path, page.video["src"]), follow_redirects=True)
    assert video.content == VIDEO
    assert video.headers["content-disposition"].startswith("inline; ")
    poster = await run.client.get(urljoin(path, page.video["poster"]), follow_redirects=True)
    assert poster.headers["content-type"] == "image/jpeg"


async def test_every_file_of_the_pages_is_found_from_their_address(run: Running, job: str) -> None:
    path = await shared(run, job)
    for url in (path, f"/v/{'x' * 22}"):
        answer = await run.client.get(url, headers=AS_BROWSER)
        links = re.findall(r'(?:href|src)="(\.\.[^"]*)"', answer.text)
        assert len(links) >= 6
        for link in links:
            assert not link.startswith("/"), "it would leave a prefix"
            assert (await run.client.get(urljoin(url, link))).status_code == 200, link


async def test_the_page_names_nobody(run: Running, fal: FalStandIn) -> None:
    owner = "private-person@example.com"
    job_id = await made(run, fal, user=owner)
    path = str((await share(run, job_id, user=owner)).json()["shareUrl"])
    answer = await run.client.get(path)
    sent = f"{answer.headers}{answer.text}"
    for private in (owner, "private-person", "users/", job_id, "/media/", "library"):
        assert private not in sent


@pytest.mark.parametrize("title", TITLES)
async def test_a_title_is_shown_as_it_is_and_is_never_markup(
    run: Running, fal: FalStandIn, title: str
) -> None:
    plain = Page((await run.client.get(await shared(run, await made(run, fal)))).text)
    path = await shared(run, await made(run, fal, title=title))
    answer = await run.client.get(path)
    page = Page(answer.text)
    assert page.text["h1"] == title
    assert page.text["title"] == f"{title} · Animate"
    assert page.preview["og:title"] == title
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert ("h1", {"class": "share-title", "id": "title", "dir": "auto"}) in page.tags


async def test_preview_tags_are_absolute_below_the_public_url(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"public_url": PUBLIC}), fal) as run:
        job_id = await made(run, fal)
        link = (await share(run, job_id)).json()["shareUrl"]
        assert link.startswith(f"{PUBLIC}/v/")
        assert (await run.library())["videos"][0]["shareUrl"] == link
        answer = await run.client.get(link.removeprefix(PUBLIC))
        assert Page(answer.text).preview == {
            "og:title": "Night life roller",
            "og:type": "video.other",
            "og:url": link,
            "og:video": f"{link}/video",
            "og:video:type": "video/mp4",
            "og:video:width": "128",
            "og:video:height": "72",
            "og:image": f"{link}/poster",
        }
        policy = answer.headers["content-security-policy"]
        assert "media-src 'self' https://app.example.com;" in policy


async def test_without_a_public_url_the_preview_does_not_trust_the_host(
    run: Running, job: str
) -> None:
    answer = await run.client.get(await shared(run, job), headers={"Host": "evil.example"})
    assert Page(answer.text).preview.keys() == {"og:title", "og:type"}
    assert "evil.example" not in f"{answer.headers}{answer.text}"


async def test_pages_are_strict_and_kept_by_nobody(run: Running, job: str) -> None:
    path = await shared(run, job)
    for url in (path, f"{path}x"):
        answer = await run.client.get(url, headers=AS_BROWSER)
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert '<meta name="robots" content="noindex">' in answer.text
        assert not re.search(r"<[^>]+\son[a-z]+=|javascript:|<style|\sstyle=", answer.text)
        assert not re.search(r"<script[^>]*>[^<]", answer.text)
    for url in (path, f"{path}/video", f"{path}/poster"):
        for method in ("GET", "HEAD"):
            answer = await run.client.request(method, url)
            assert answer.headers["x-robots-tag"] == "noindex"
            assert answer.headers.items() >= {k.lower(): v for k, v in NO_STORE.items()}.items()


async def test_a_revoked_link_works_nowhere_from_then_on(run: Running, job: str) -> None:
    path = await shared(run, job)
    paths = (path, f"{path}/video", f"{path}/poster")
    assert [(await run.client.get(each)).status_code for each in paths] == [200, 302, 302]
    await revoke(run, job)
    for each in paths:
        assert_problem(await run.client.get(each), 404, "video_not_found")
        assert (await run.client.head(each)).status_code == 404
    page = await run.client.get(path, headers=AS_BROWSER)
    assert page.status_code == 404
    assert Page(page.text).text["h1"] == "There is no video here"


@pytest.mark.unaudited  # half a deletion
async def test_a_deleted_video_is_not_shared(run: Running, job: str) -> None:
    path = await shared(run, job)
    await delete(run, job)
    for each in (path, f"{path}/video", f"{path}/poster"):
        assert_problem(await run.client.get(each), 404, "video_not_found")


@pytest.mark.unaudited  # a share by hand
async def test_a_token_that_the_video_does_not_name_shows_nothing(run: Running, job: str) -> None:
    token = "a-token-of-22-letters_"
    await run.rows("CREATE type::record('share', $share) SET job = $job", share=token, job=job)
    assert_problem(await run.client.get(f"/v/{token}"), 404, "video_not_found")


@pytest.mark.parametrize("token", ["x", "x" * 21, "x" * 23, "x" * 21 + "é", "%00" * 22, "x" * 5000])
async def test_a_text_that_is_no_token_never_reaches_the_database(
    settings: Settings, fal: FalStandIn, token: str
) -> None:
    seam = FaultySeam()
    async with running(settings, fal, seam=seam) as run:
        seam.error = DatabaseUnavailable()
        for path in (f"/v/{token}", f"/v/{token}/video", f"/v/{token}/poster"):
            assert (await run.client.get(path)).status_code == 404
        assert (await run.client.get(f"/v/{'x' * 22}")).status_code == 503
        seam.error = None


@pytest.mark.unaudited  # the row has no job
async def test_a_legacy_video_is_shared_without_a_poster_and_sides(run: Running) -> None:
    await run.rows(
        "CREATE library_video:legacy SET user = 'ada', key = 'k.mp4', title = 'Old', "
        "template_slug = 't', bytes = 1"
    )
    path = await shared(run, "legacy")
    page = Page((await run.client.get(path)).text)
    assert page.video.keys().isdisjoint({"poster", "width", "height"})
    assert (await run.client.get(f"{path}/video")).status_code == 302
    assert_problem(await run.client.get(f"{path}/poster"), 404, "video_not_found")


async def test_shares_of_a_private_bucket_lead_to_signed_addresses(
    settings: Settings, fal: FalStandIn, s3: S3Server
) -> None:
    bucket = {
        "r2_endpoint_url": s3.endpoint_url,
        "r2_bucket": BUCKET,
        "r2_access_key_id": ACCESS_KEY_ID,
        "r2_secret_access_key": SecretStr(SECRET_ACCESS_KEY),
    }
    async with (
        running(settings.model_copy(update=bucket), fal) as run,
        httpx.AsyncClient(trust_env=False) as browser,
    ):
        job_id = await made(run, fal)
        path = await shared(run, job_id)
        policy = (await run.client.get(path)).headers["content-security-policy"]
        assert f"media-src 'self' {s3.endpoint_url};" in policy
        redirect = await run.client.get(f"{path}/video")
        assert (await browser.get(redirect.headers["location"])).content == VIDEO
        redirect = await run.get(f"/api/library/{job_id}/download")
        saved = await browser.get(redirect.headers["location"])
        assert saved.headers["content-disposition"].startswith("attachment; filename=")


async def test_in_development_other_hosts_see_no_share(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"auth_jwt_secret": None}))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        assert_problem(await client.get(f"/v/{'x' * 22}"), 403, "forbidden")
