"""What the studio orders: the template, the picture that is sent, the format and the price."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.browser.tab import HeldRequests
from tests.support.tokens import token

SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 30_000}

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def empty_page(context: BrowserContext, service: Server) -> Page:
    """A page that can import the modules of the page."""
    page = context.new_page()
    page.route("**/empty", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(f"{service.url}/empty")
    return page


def test_the_template_is_marked_if_the_catalogue_comes_after_the_first_event(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("late-catalogue"))
    studio.start()
    catalogue = HeldRequests()
    studio.page.route("**/api/templates", catalogue.hold)
    studio.page.reload()
    expect(studio.page.get_by_role("img", name="1 under way")).to_be_visible()
    catalogue.release()
    templates = studio.page.get_by_role("radiogroup", name="Template")
    expect(templates.get_by_role("radio", checked=True)).to_have_count(1)
    fal.complete()


def test_while_the_picture_is_sent_leaving_asks_and_cancel_makes_no_job(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("slow")).until_ready()
    before = fal.submits()
    network = context.new_cdp_session(studio.page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW)
    with studio.page.expect_event("requestfailed", lambda request: request.method == "POST"):
        studio.animate.click()
        expect(studio.dialog.locator(".is-present")).to_have_text(re.compile("Sending [1-9]"))
        with studio.page.expect_event("dialog") as asked:
            studio.page.close(run_before_unload=True)
        asked.value.dismiss()  # stays
        studio.dialog.get_by_role("button", name="Cancel").click()
    expect(studio.dialog).to_be_hidden()
    expect(studio.page.locator("#announcer")).to_have_text("Gentle zoom: cancelled")
    expect(studio.page.locator("#activity-badge")).to_be_hidden()
    expect(studio.toasts).to_have_count(0)
    assert fal.submits() == before


def test_cancel_when_the_service_has_the_picture_cancels_the_job(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("cancels-early")).until_ready()
    held = fal.hold("upload")
    studio.animate.click()
    studio.until(held.reached.is_set)
    studio.dialog.get_by_role("button", name="Cancel").click()
    expect(studio.dialog.get_by_role("button", name="Cancelling")).to_be_visible()
    context.set_offline(True)  # the answer is lost
    fal.release(held)
    context.set_offline(False)
    expect(studio.dialog).to_be_hidden()
    studio.go("Activity")
    expect(studio.row("cancelled")).to_contain_text("Nothing was charged.")
    expect(studio.toasts).to_have_count(0)


def test_a_cancel_is_repeated_with_its_submit_unless_the_submit_was_refused(
    empty_page: Page,
) -> None:
    repeated = """async (error) => {
      const { Attempts } = await import("/assets/latest/attempts.js");
      const keys = [], cancelled = [], finished = new Promise(() => {});
      const submits = [
        () => Promise.reject(error),
        () => ({ id: "a job", latest: null, finished, cancel: () => cancelled.push("a job") }),
      ];
      const submit = (image, data, { idempotencyKey, onprogress }) => {
        keys.push(idempotencyKey);
        onprogress({ sent: 9, total: 9 });
        return new Promise((resolve) => setTimeout(resolve)).then(submits.shift());
      };
      const attempts = new Attempts({ submit, subscribe() {}, jobs: new Map() });
      const ended = new Promise((resolve) => attempts.addEventListener("end", resolve));
      const attempt = attempts.start({ order: { templateSlug: "any", image: null } });
      await new Promise((resolve) => attempts.addEventListener("change", resolve, { once: true }));
      await attempts.cancel(attempt);
      await ended;
      const next = attempts.again(attempt);
      while (!next.job) await new Promise((resolve) => setTimeout(resolve));
      await new Promise((resolve) => setTimeout(resolve));
      return [new Set(keys).size, keys.length, cancelled];
    }"""
    lost, refused = {"code": "offline", "status": None}, {"code": "too_many_jobs", "status": 429}
    assert empty_page.evaluate(repeated, lost) == [1, 2, ["a job"]]
    assert empty_page.evaluate(repeated, refused) == [1, 2, []]


def test_the_key_of_an_order_without_an_answer_is_kept_for_ten_minutes(empty_page: Page) -> None:
    keys = """async () => {
      const { OrderKeys } = await import("/assets/latest/generation/order-keys.js");
      const keys = new OrderKeys();
      await keys.use("lost", () => Promise.reject(new Error("no answer"))).catch(() => {});
      const [now, soon] = [Date.now(), keys.next()];
      Date.now = () => now + 600_001;
      return [soon, keys.next()];
    }"""
    soon, later = empty_page.evaluate(keys)
    assert soon == "lost"
    assert later != "lost"


def test_only_sending_whose_end_is_far_is_given_up(empty_page: Page) -> None:
    given_up = """async (reports) => {
      const { Sending } = await import("/assets/latest/sending.js");
      const now = performance.now.bind(performance);
      const sending = new Sending();
      for (const [at, sent] of reports) {
        performance.now = () => at;
        if (sent !== null) sending.note({ sent, total: 1000 });
      }
      const result = [sending.giveUp(), sending.signal.aborted];
      performance.now = now;
      return result;
    }"""
    cases: dict[str, tuple[list[tuple[int, int | None]], bool]] = {
        "not yet begun": ([], True),
        "just begun": ([(0, 0), (40, None)], False),
        "nothing sent": ([(0, 0), (9000, None)], True),
        "nothing sent, then repeated": ([(0, 0), (10, 0), (9000, None)], True),
        "slow": ([(0, 0), (1000, 100)], True),
        "fast": ([(0, 0), (50, 100)], False),
        "fast, then stuck": ([(0, 0), (50, 100), (9000, None)], True),
        "all sent": ([(0, 0), (9000, 1000)], False),
        "all sent, then repeated": ([(0, 0), (9000, 1000), (9100, 0), (20000, 10)], False),
    }
    for name, (reports, expected) in cases.items():
        assert empty_page.evaluate(given_up, reports) == [expected, expected], name


def test_each_choice_shows_its_price_and_a_shortage_says_what_is_missing(
    context: BrowserContext, service: Server
) -> None:
    def short(route: Route) -> None:
        account: dict[str, Any] = {"balance": 15, "held": 10, "available": 5, "entries": []}
        route.fulfill(json=account)

    context.route("**/api/credits", short)
    page = Studio(context, service.url).page
    page.get_by_role("radio", name="Weather change").click()
    form = page.get_by_role("form", name="Options")
    segments = form.get_by_role("radiogroup", name="Seconds").locator(".segment")
    expect(segments).to_have_text(["36 credits", "510 credits", "816 credits", "1020 credits"])
    form.get_by_role("radio", name="1080p").click()
    expect(segments).to_have_text(["39 credits", "515 credits", "824 credits", "1030 credits"])
    expect(form.get_by_role("radio", name="10", exact=True)).to_have_accessible_description(
        "30 credits"
    )
    expect(page.locator("#price")).to_contain_text("15 credits")
    expect(page.locator("#order-hint")).to_contain_text(
        "10 credits short: this video costs 15, you have 5 (10 more are held for videos under way)."
    )
    expect(form.get_by_role("radiogroup", name="Weather").locator("small")).to_have_count(0)


def test_the_canvas_and_the_template_have_one_format(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("one-format")).until_ready()
    page = studio.page
    templates = page.get_by_role("radiogroup", name="Template")
    ratios = page.get_by_role("radiogroup", name="Aspect ratio")
    note = page.locator("#ratio-note")
    expect(note).to_be_hidden()
    templates.get_by_role("radio", name="Dance floor").click()
    expect(page.locator(".chosen .model")).to_have_text("Seedance 2.0")
    expect(page.get_by_text("Music")).to_be_visible()
    expect(page.get_by_text("Format", exact=True)).to_have_count(0)
    ratios.get_by_role("radio", name="4:5").click()
    expect(note).to_contain_text("Dance floor makes 21:9, 16:9, 4:3, 1:1, 3:4, and 9:16 videos.")
    studio.until_ready()  # the note does not block
    page.set_viewport_size({"width": 844, "height": 390})
    paper = page.locator(".canvas-paper")
    studio.until(lambda: 234 < paper.evaluate("(node) => node.clientHeight") < 390)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Use 3:4").click()
    expect(note).to_be_hidden()
    expect(studio.animate).to_be_focused()
    expect(ratios.get_by_role("radio", name="3:4")).to_be_checked()
    studio.start()
    studio.until(lambda: fal.submits() > 0)
    arguments, image = fal.received
    assert arguments["aspect_ratio"] == "3:4"
    with Image.open(io.BytesIO(image)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (960, 1280))


def test_a_template_s_own_format_follows_the_canvas(empty_page: Page) -> None:
    rules = """async ([template, aspect]) => {
      const aspects = ["16:9", "1:1", "4:5", "9:16"];
      const { betterRatios, ratioValues } = await import("/assets/latest/views/ratios.js");
      return [ratioValues(template, aspect), betterRatios(template, { aspect, aspects })];
    }"""

    def template(*choices: str, ratios: list[str] | None = None, **look: Any) -> dict[str, Any]:
        shape = {"name": "shape", "type": "choice", "choices": choices, "required": True} | look
        return {"variables": [shape], **({"aspectRatios": ratios} if ratios else {})}

    wide = ["16:9", "9:16"]
    cases: list[tuple[dict[str, Any], str, Any]] = [
        (template("small", "large"), "4:5", [{}, None]),
        (template("small", "large", ratios=wide), "4:5", [{}, ["9:16", "16:9"]]),
        (template("small", "large", ratios=["21:9"]), "4:5", [{}, []]),
        (template("small", "large", ratios=["32:18"]), "16:9", [{}, None]),
        (template(*wide), "9:16", [{"shape": "9:16"}, None]),
        (template(*wide), "4:5", [{"shape": "9:16"}, wide[::-1]]),
        (template(*wide, ratios=["4:5"]), "4:5", [{"shape": "9:16"}, wide[::-1]]),
        (template(*wide, "auto", ratios=["4:5"]), "4:5", [{"shape": "auto"}, None]),
        (template(*wide, ratios=["4:5"], required=False), "4:5", [{}, None]),
        (template(*wide, required=False, default="16:9"), "4:5", [{"shape": "9:16"}, wide[::-1]]),
    ]
    for given, aspect, expected in cases:
        assert empty_page.evaluate(rules, [given, aspect]) == expected, (given, aspect)


def test_a_canvas_is_sent_in_the_side_that_is_asked_for_and_transparent_if_it_is(
    empty_page: Page,
) -> None:
    empty_page.evaluate("""async () => {
      const { CanvasEditor } = await import("/assets/latest/canvas/editor.js");
      const sampleUrl = "/assets/latest/canvas/sample.webp";
      globalThis.editor = new CanvasEditor(document.body, { sampleUrl });
      await editor.ready;
    }""")
    kind = """async (longSide) => {
      const blob = await editor.toBlob({ longSide });
      const { width, height } = await createImageBitmap(blob);
      return [blob.type, width, height];
    }"""
    assert empty_page.evaluate(kind, 1920) == ["image/jpeg", 1920, 1080]
    empty_page.evaluate("editor.apply({ ...editor.scene, backdrop: [], objects: [] })")
    assert empty_page.evaluate(kind, 1366) == ["image/webp", 1366, 768]
