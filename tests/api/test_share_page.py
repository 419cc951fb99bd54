"""The page of a shared video: for everyone, strict, and without a trace of its owner."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest

from app.api.service import NO_STORE
from app.settings import Settings
from tests.support.refusals import assert_problem
from tests.support.service import Running, running
from tests.support.shares import AS_BROWSER, PUBLIC, VIDEO, made, share, shared
from tests.support.stand_ins.fal import FalStandIn

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


@pytest.fixture
async def job(run: Running, fal: FalStandIn) -> str:
    """The job of a video of ada's."""
    return await made(run, fal)


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
