"""Accessibility, phones, themes and reduced motion."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import PHONE, Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

DRAFT_OBJECTS = """async (owner) => {
  const { Drafts } = await import("/assets/latest/canvas/drafts.js");
  return (await new Drafts(() => owner).load())?.objects.length;
}"""


def test_the_keyboard_alone_makes_a_video(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("keys")).until_ready()
    keyboard = studio.page.keyboard
    keyboard.press("Tab")
    expect(studio.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keyboard.press("Enter")
    expect(studio.page.get_by_role("main")).to_be_focused()

    def tab_to(target: Any, most: int = 60) -> None:
        for _ in range(most):
            keyboard.press("Tab")
            if target.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"Tab does not reach {target}")

    strip = studio.page.get_by_role("radiogroup", name="Template")
    tab_to(strip.get_by_role("radio", checked=True))
    wanted = strip.get_by_role("radio", name="Night life roller")
    for _ in range(9):
        if wanted.is_checked():
            break
        keyboard.press("ArrowRight")
    expect(studio.page.get_by_role("heading", name="Night life roller")).to_be_visible()
    tab_to(studio.page.get_by_label("Headline"))
    keyboard.type("By hand")
    tab_to(studio.animate)
    with studio.page.expect_response("**/api/templates/video"):
        keyboard.press("Enter")
    leave = studio.dialog.get_by_role("button", name="Close, keep generating")
    expect(leave).to_be_focused()
    fal.complete()
    studio.until_video_plays()
    for _ in range(12):
        keyboard.press("Tab")
        assert studio.page.evaluate(
            "document.activeElement === document.body || "
            "Boolean(document.activeElement.closest('dialog'))"
        ), "the focus left the dialog"
    keyboard.press("Escape")
    expect(studio.animate).to_be_focused()


def test_what_becomes_of_a_video_is_said_where_screen_readers_listen(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("listens"))
    studio.start()
    said, behind = studio.dialog.get_by_role("status"), studio.page.locator("#announcer")
    expect(said).to_have_text("Gentle zoom: In the queue")  # all outside the dialog is inert
    studio.page.keyboard.press("Escape")
    fal.begin()
    expect(behind).to_have_text("Gentle zoom: Generating")
    studio.go("Activity")
    studio.row("underWay").get_by_role("button", name="Show").click()
    fal.complete()
    expect(said).to_have_text("Gentle zoom: is ready")
    expect(behind).to_have_text("")


def test_a_portrait_picture_is_centred_on_a_phone(context: BrowserContext, driven: Server) -> None:
    studio = Studio(context, driven.url, token=token("upright"), size=PHONE).until_ready()
    canvas = studio.page.get_by_role("region", name="Canvas")
    canvas.get_by_role("radio", name="9:16").check(force=True)
    studio.start()
    box = studio.dialog.locator(".living").bounding_box()
    assert box
    assert box["x"] + box["width"] / 2 == pytest.approx(PHONE["width"] / 2, abs=1)


def test_pictures_move_unless_the_user_prefers_less_motion(
    moving_context: BrowserContext, driven: Server
) -> None:
    studio = Studio(moving_context, driven.url, token=token("still"))
    studio.start()
    studio.until(lambda: _moving(studio.page) > 0)
    studio.page.keyboard.press("Escape")
    studio.page.emulate_media(reduced_motion="reduce")
    studio.page.reload()
    studio.start()
    assert _moving(studio.page) == 0


def _moving(page: Page) -> int:
    """Return how many videos play, and how many animations do not end."""
    count: int = page.evaluate(
        "[...document.querySelectorAll('video')].filter((video) => !video.paused).length + "
        "document.getAnimations().filter((each) => each.playState === 'running' && "
        "each.effect.getComputedTiming().iterations === Infinity).length"
    )
    return count


def test_the_theme_is_the_system_s_until_the_user_chooses_one(
    context: BrowserContext, service: Server
) -> None:
    studio = Studio(context, service.url).until_ready()

    def brightness() -> int:
        colour = studio.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    studio.page.emulate_media(color_scheme="light")
    light = brightness()
    studio.page.emulate_media(color_scheme="dark")
    assert brightness() < 150
    assert light > 600
    toggle = studio.page.locator("#theme")
    for _ in range(3):
        toggle.click()
        if studio.page.evaluate("document.documentElement.dataset.theme") == "light":
            break
    assert brightness() == light
    studio.page.reload(wait_until="commit")
    studio.page.wait_for_selector("body")
    assert brightness() == light


CONTRASTS = """() => {
  const probe = document.body.appendChild(document.createElement("i"));
  const luminance = (name) => {
    probe.style.color = `var(${name})`;
    const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3);
    const [red, green, blue] = parts.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const inks = ["--text", "--text-2", "--text-3", "--accent", "--danger", "--ok"];
  const grounds = ["--bg", "--surface", "--surface-2", "--raised"];
  return Math.min(...inks.flatMap((ink) => grounds.map((ground) => ratio(ink, ground))));
}"""


def test_who_asks_for_more_contrast_gets_7_to_1(context: BrowserContext, service: Server) -> None:
    page = Studio(context, service.url).page
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, contrast="no-preference")
        assert page.evaluate(CONTRASTS) < 7
        page.emulate_media(color_scheme=scheme, contrast="more")
        assert page.evaluate(CONTRASTS) >= 7


def test_a_reload_keeps_the_canvas_for_its_user_only(
    context: BrowserContext, driven: Server
) -> None:
    def objects(studio: Studio) -> str | None:
        canvas = studio.until_ready().page.get_by_role("application")
        return canvas.get_attribute("aria-label")

    ada = Studio(context, driven.url, token=token("draws"))
    assert objects(ada) == "Canvas 16:9, objects: 2"
    ada.page.get_by_role("button", name="Add star").click()

    ada.until(lambda: ada.page.evaluate(DRAFT_OBJECTS, "draws") == 3)
    ada.page.reload()
    assert objects(ada) == "Canvas 16:9, objects: 3"
    other = Studio(context, driven.url, token=token("looks"))
    other.dialog.get_by_role("button", name="Continue").click()
    expect(other.page.get_by_role("button", name="Account: looks")).to_be_visible()
    assert objects(other) == "Canvas 16:9, objects: 2"
