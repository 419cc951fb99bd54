"""The page of a shared video. Of its owner it shows nothing but the title that they gave."""

from html import escape

from app.api.page import assets_address, media_sources, read_page
from app.domain.video import LibraryVideo
from app.settings import Settings

# Nothing but the player: stricter than the page, which reads from the service and makes previews.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {media}; media-src {media}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class SharePage:
    """Fills the pages of shared videos in."""

    def __init__(self, settings: Settings) -> None:
        """Read the files."""
        self.headers = {
            "Content-Security-Policy": POLICY.format(media=media_sources(settings)),
            "Referrer-Policy": "no-referrer",  # the page's own address gives access
        }
        self._public_url = settings.public_url
        # One folder down, and relative: a proxy may serve the service under a prefix.
        self._assets = f".{assets_address()}"
        self._html = read_page("share.html")
        self._gone = read_page("share-gone.html").format(assets=self._assets)

    def gone(self) -> str:
        """Return the page for a link that leads to no video, or no longer."""
        return self._gone

    def of(self, video: LibraryVideo) -> str:
        """Return the page of a shared video."""
        assert video.share is not None, "it was found by its share"
        poster = {"poster": f"{video.share}/poster"} if video.poster_key else {}
        sides = {"width": video.width, "height": video.height} if video.width else {}
        # One pass: what is filled in is not searched for names again, and a title may hold braces.
        return self._html.format(
            assets=self._assets,
            title=escape(video.title),
            preview="\n    ".join(_metas(self._preview(video, video.share))),
            video=" ".join(_attributes({"src": f"{video.share}/video", **poster, **sides})),
        )

    def _preview(self, video: LibraryVideo, token: str) -> dict[str, object]:
        """Return the Open Graph properties.

        Addresses must be absolute there, and without ``PUBLIC_URL`` the service does not know its
        own: the request's ``Host`` is what its sender or a proxy made of it.
        """
        about: dict[str, object] = {"og:title": video.title, "og:type": "video.other"}
        if self._public_url is None:
            return about
        page = f"{self._public_url}/v/{token}"
        about |= {"og:url": page, "og:video": f"{page}/video", "og:video:type": "video/mp4"}
        if video.width and video.height:
            about |= {"og:video:width": video.width, "og:video:height": video.height}
        if video.poster_key:
            about["og:image"] = f"{page}/poster"
        return about


def _metas(properties: dict[str, object]) -> list[str]:
    return [
        f'<meta property="{name}" content="{escape(str(content))}">'
        for name, content in properties.items()
    ]


def _attributes(values: dict[str, object]) -> list[str]:
    return [f'{name}="{escape(str(value))}"' for name, value in values.items()]
