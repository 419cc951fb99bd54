"""Only hosts on the list are contacted, however a URL is disguised."""

from pathlib import Path

import httpx
import pytest

from app.errors import VideoRejected
from app.media.downloads import download
from app.media.hosts import MediaHosts

HOSTS = MediaHosts(["fal.media", "*.fal.media", "storage.googleapis.com/falserverless"])


@pytest.mark.parametrize(
    "url",
    [
        "https://fal.media/x.mp4",
        "https://v3.fal.media/x.mp4",
        "https://V3.FAL.media:443/x.mp4",
        "https://a.b.fal.media/x.mp4?token=y#z",
        "https://storage.googleapis.com/falserverless/x.mp4",
        "https://storage.googleapis.com/falserverless",
        "https://fal.media/a%20b..c/...mp4",
    ],
)
def test_hosts_on_the_list_are_allowed(url: str) -> None:
    assert HOSTS.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.mp4",
        "//fal.media/x.mp4",
        "http://fal.media/x.mp4",
        "ftp://fal.media/x.mp4",
        "file:///etc/passwd",
        "https://fal.media.evil.com/x.mp4",
        "https://evilfal.media/x.mp4",
        "https://fal.media./x.mp4",
        "https://fal.media:8443/x.mp4",
        "https://fal.media:80/x.mp4",
        "https://user@fal.media/x.mp4",
        "https://fal.media@evil.com/x.mp4",
        "https://evil.com\\@fal.media/x.mp4",
        "https://evil.com#.fal.media",
        "https://evil.com/.fal.media/x.mp4",
        "https://fal.media\n/x.mp4",
        "https://xn--a/x.mp4",
        "https://127.0.0.1/x.mp4",
        "https://[::1]/x.mp4",
        "https://2130706433/x.mp4",
        "https://storage.googleapis.com/x.mp4",
        "https://storage.googleapis.com/falserverless2/x.mp4",
        "https://storage.googleapis.com/FALSERVERLESS/x.mp4",
        "https://storage.googleapis.com/falserverless/../evil/x.mp4",
        "https://storage.googleapis.com/falserverless/%2e%2E/evil/x.mp4",
        "https://storage.googleapis.com/falserverless/..%2Fevil/x.mp4",
        "https://storage.googleapis.com/falserverless/..%5Cevil/x.mp4",
        "https://storage.googleapis.com//falserverless/x.mp4",
    ],
)
async def test_other_hosts_are_never_contacted(url: str, tmp_path: Path) -> None:
    contacted = []

    def note(request: httpx.Request) -> httpx.Response:
        contacted.append(request)
        return httpx.Response(500)

    async with httpx.AsyncClient(transport=httpx.MockTransport(note)) as client:
        with pytest.raises(VideoRejected):
            await download(
                client, url, tmp_path / "video.mp4", hosts=HOSTS, max_bytes=100, timeout=60
            )
    assert contacted == []


def test_an_ip_address_is_refused_even_if_it_is_listed() -> None:
    assert not MediaHosts(["127.0.0.1", "::1"]).allow("https://127.0.0.1/x.mp4")
    assert not MediaHosts(["127.0.0.1", "::1"]).allow("https://[::1]/x.mp4")
