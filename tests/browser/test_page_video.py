"""The dialog of one video: shared, looked at, saved, renamed, and reached from the ledger."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.axe import violations
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.library import Owner, until
from tests.browser.server import Server
from tests.browser.studio import PHONE, Studio
from tests.support.process import PATIENCE
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)


def test_a_tap_shares_a_video_shows_its_details_and_saves_the_file(
    chromium: Browser, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("shares")
    owner.make("Seen by friends")
    with chromium.new_context(
        has_touch=True, permissions=["clipboard-read", "clipboard-write"]
    ) as mine:
        console.listen(mine)
        mine.add_init_script("navigator.share = async (what) => { globalThis.sent = what; }")
        library = owner.library(mine, size=PHONE)
        page, dialog = library.page, library.dialog
        page.get_by_role("button", name="More: Seen by friends").tap()
        page.get_by_role("menuitem", name="Share").tap()
        expect(dialog).to_contain_text("Only you can see this video.")
        dialog.get_by_role("button", name="Create a link").tap()
        expect(dialog).to_contain_text("Everyone who has this link can see the video.")
        link = dialog.get_by_label("Link to the video").input_value()
        dialog.get_by_role("button", name="Copy").tap()
        expect(dialog.get_by_label("Sharing").get_by_role("status")).to_have_text("Link copied.")
        assert page.evaluate("navigator.clipboard.readText()") == link
        dialog.get_by_role("button", name="Send").tap()
        assert page.evaluate("sent") == {"title": "Seen by friends", "url": link}
        with chromium.new_context() as private:
            visitor = private.new_page()
            visitor.goto(link)
            expect(visitor.get_by_role("heading", name="Seen by friends")).to_be_visible()

        dialog.get_by_text("Details").tap()
        for fact in ("TemplateNight life roller", "Moodelectric", "CodecH.264", "Length0.5 s"):
            expect(dialog.locator("dl")).to_contain_text(fact)
        assert violations(page) == []
        with page.expect_download() as download:
            dialog.get_by_role("link", name="Download").tap()
        file = Path(download.value.path())
        assert file.read_bytes()[4:8] == b"ftyp"
        assert download.value.suggested_filename.endswith(".mp4")
        dialog.get_by_role("button", name="Stop sharing").tap()
        expect(dialog).to_contain_text("Only you can see this video.")
        assert httpx.get(link, trust_env=False, timeout=PATIENCE).status_code == 404
        dialog.get_by_role("button", name="Rename").tap()
        page.keyboard.type("Only for me")
        page.keyboard.press("Enter")
        dialog.get_by_role("button", name="Close").tap()
        library.expect_titles("Only for me")


def test_the_ledger_names_each_video_and_leads_to_it(
    context: BrowserContext, console: Console, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("pays")
    owner.make("Paid for")
    library = owner.library(context)
    library.studio.go("Credits")
    charge = library.page.get_by_role("row").filter(has_text="Charged for a video")
    charge.get_by_role("link", name="Paid for").click()
    library.studio.until_video_plays()
    expect(library.dialog.get_by_role("heading", name="Paid for")).to_be_visible()
    library.dialog.get_by_role("button", name="Delete").click()
    library.page.close()
    until(lambda: owner.videos == {})
    console.allow(REQUEST_FAILED)
    studio = Studio(
        context, library.studio.page.url.partition("#")[0].rstrip("/"), token=token("pays")
    )
    studio.go("Credits")
    studio.page.get_by_role("table").get_by_role("link").first.click()
    expect(studio.toasts).to_contain_text("There is no such video")


def test_a_video_plays_whatever_dialog_its_address_replaces(
    context: BrowserContext, driven: Server, owner_of: Callable[[str], Owner]
) -> None:
    owner = owner_of("replaces")
    owner.make("Asked for")
    address = f"#/library?video={owner.videos['Asked for']['jobId']}"
    studio = Studio(context, driven.url, token=token("replaces"))
    studio.start()
    studio.page.evaluate("(hash) => { location.hash = hash; }", address)
    studio.until_video_plays()
    title = studio.dialog.get_by_role("heading", name="Asked for")
    expect(title).to_be_visible()
    assert studio.page.url.endswith(address)

    studio.page.go_back()
    studio.start()
    studio.page.go_forward()
    studio.until_video_plays()
    expect(title).to_be_visible()
    studio.dialog.get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_text("“Asked for” deleted")).to_be_visible()
