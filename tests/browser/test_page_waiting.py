"""While a video is made, the page says how long it may take, and tells who looks elsewhere."""

import json

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

NOTIFICATIONS = """
globalThis.Notification = class extends EventTarget {
  static permission = "default";
  static asked = 0;
  static made = [];
  static requestPermission() {
    Notification.asked += 1;
    return Promise.resolve((Notification.permission = "granted"));
  }
  constructor(title, options) {
    super();
    if (title) Notification.made.push(Object.assign(this, { title, ...options }));
  }
  close() {}
};
let hidden = false;
Object.defineProperty(document, "hidden", { get: () => hidden });
globalThis.hide = (value) => {
  hidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
};
"""
# Seconds of recent videos, seconds that have passed, and what the page says.
LINES = [
    ({"from": 22, "to": 41}, 3, "usually 20 to 45 seconds"),
    ({"from": 2, "to": 9}, 3, "usually up to 10 seconds"),
    ({"from": 30, "to": 41}, 42, "longer than usual"),
    ({"from": 61, "to": 170}, 3, "usually 1 to 3 minutes"),
    ({"from": 20, "to": 170}, 3, "usually up to 3 minutes"),
    ({"from": 130, "to": 170}, 3, "usually 2 to 3 minutes"),
    (None, 3, ""),
]


def test_a_hidden_tab_tells_that_a_video_is_done_and_the_dialog_how_long_it_takes(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    def with_waits(route: Route) -> None:
        templates = route.fetch().json()["templates"]
        waits = {"waitSeconds": {"from": 61, "to": 170}}
        route.fulfill(json={"templates": [each | waits for each in templates]})

    context.add_init_script(NOTIFICATIONS)
    context.route("**/api/templates", with_waits)
    studio = Studio(context, driven.url, token=token("looks-elsewhere"))
    page = studio.page
    studio.start()
    fal.begin()
    expect(studio.dialog).to_contain_text("usually 1 to 3 minutes")
    assert page.evaluate("Notification.asked") == 0
    ask = studio.dialog.get_by_role("button", name="Notify me")
    ask.press("Enter")
    expect(ask).to_be_hidden()
    expect(studio.dialog.get_by_role("button", name="Close, keep generating")).to_be_focused()
    page.keyboard.press("Escape")
    studio.go("Activity")
    expect(studio.row("underWay")).to_contain_text("usually 1 to 3 minutes")
    expect(page.get_by_role("button", name="Notify me when a video is done")).to_be_hidden()

    page.evaluate("hide(true)")
    fal.complete()
    expect(page).to_have_title("Your video is ready · Animate")
    made = json.loads(page.evaluate("JSON.stringify(Notification.made)"))
    assert [(each["title"], each["body"]) for each in made] == [
        ("Your video is ready", studio.row("completed").locator("h3 bdi").inner_text())
    ]
    page.evaluate("hide(false)")
    expect(page).to_have_title("Activity · Animate")
    page.evaluate("Notification.made[0].dispatchEvent(new Event('click'))")
    studio.until_video_plays()

    said = page.evaluate(
        """async (lines) => {
          const { waitLine } = await import("./assets/latest/views/wait.js");
          return lines.map(([waitSeconds, seconds]) => waitLine({ waitSeconds }, seconds));
        }""",
        [[wait or {}, seconds] for wait, seconds, _ in LINES],
    )
    assert said == [line for _, _, line in LINES]
