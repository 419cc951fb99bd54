"""The hook in React's development build, whose StrictMode mounts every component twice."""

from itertools import groupby
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import HeldRequests, Tab

IDLE = {
    "job": None,
    "status": None,
    "stage": None,
    "queuePosition": None,
    "url": None,
    "error": None,
    "isRunning": False,
}

STATE = """() => {
  const { start, cancel, reset, job, error, ...state } = shown;
  return { ...state, job: job?.id ?? null, error: error?.code ?? null };
}"""


class Component(Tab):
    """A tab with one React component that uses the hook."""

    def __init__(self, context: BrowserContext, service: Server, user: str) -> None:
        super().__init__(context, service.url, user, page="hook.html")
        self.mount()

    def mount(self, **props: str) -> None:
        self.run("(props) => mount(props)", props)
        self.until(lambda: self.run("shown !== null"))

    def start(self) -> str:
        return str(self.run("start()"))

    def shown(self) -> dict[str, Any]:
        return dict(self.run(STATE))

    def until_shown(self, **state: Any) -> None:
        self.until(lambda: self.shown().items() >= state.items())


@pytest.fixture
def component(context: BrowserContext, driven: Server, request: pytest.FixtureRequest) -> Component:
    return Component(context, driven, request.node.name)


def test_one_start_makes_one_job_and_shows_its_video(component: Component, fal: DrivenFal) -> None:
    assert component.shown() == IDLE
    submitted = fal.submits()
    job = component.start()
    fal.queue(2)
    component.until_shown(job=job, status="pending", queuePosition=2, isRunning=True)
    fal.begin()
    component.until_shown(status="processing", stage="generating")
    fal.complete()
    component.until_shown(job=job, status="completed", isRunning=False, error=None)
    component.page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert fal.submits() == submitted + 1
    statuses = [status for status, _ in groupby(component.run("statuses"))]
    assert statuses == [None, "pending", "processing", "completed"]


def test_the_last_of_two_starts_is_shown(component: Component) -> None:
    first, second = component.run("Promise.all([start(), start()])")
    assert first is None
    component.until_shown(job=second, isRunning=True)
    third = component.start()
    component.until_shown(job=third, stage="queued")


def test_a_rejected_submit_shows_an_error_until_the_next_start(
    component: Component, console: Console
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 404 ")
    assert component.run("start('unknown')") is None
    assert component.shown() == IDLE | {"error": "template_not_found"}
    job = component.start()
    component.until_shown(job=job, error=None)


def test_the_provider_s_reason_is_shown(component: Component, fal: DrivenFal) -> None:
    job = component.start()
    fal.fail("The picture shows a celebrity.")
    component.until_shown(job=job, status="failed", error="fal_rejected", isRunning=False)
    assert component.run("shown.error.detail") == "The picture shows a celebrity."


def test_a_cancelled_job_is_shown_as_cancelled_until_reset(component: Component) -> None:
    job = component.start()
    component.run("shown.cancel()")
    component.until_shown(job=job, status="cancelled", error="cancelled", isRunning=False)
    component.run("shown.reset()")
    component.until_shown(**IDLE)


def test_a_cancel_during_the_submit_cancels_its_job(component: Component) -> None:
    held = HeldRequests()
    component.page.route("**/api/templates/video", held.hold)
    component.run("void start()")
    component.until(lambda: held.count == 1)
    component.run("void shown.cancel()")
    held.release()
    component.until_shown(status="cancelled", error="cancelled", isRunning=False)


@pytest.mark.parametrize("then", ["shown.reset()", "void start()", "render({ jobId: known })"])
def test_a_cancel_during_the_submit_holds_whatever_is_shown_next(
    component: Component, then: str
) -> None:
    component.run("(id) => { globalThis.known = id; }", component.start())
    held = HeldRequests()
    component.page.route("**/api/templates/video", held.hold)
    component.run("() => { globalThis.first = start(); }")
    component.until(lambda: held.count == 1)
    component.run(f"(shown.cancel(), {then})")
    component.page.unroute("**/api/templates/video")
    held.release()
    assert component.run("first") is None
    statuses = "[...videos.jobs.values()].map(({ latest }) => latest?.status)"
    component.until(lambda: component.run(statuses).count("cancelled") == 1)


def test_a_generation_continues_after_unmounting_and_is_found_by_its_id(
    component: Component, fal: DrivenFal
) -> None:
    job = component.start()
    component.run("unmount()")
    fal.complete()
    component.until_known(job, "completed")
    component.run("shown = null")
    component.mount(jobId=job)
    component.until_shown(job=job, status="completed", isRunning=False)


def test_another_job_id_shows_another_job_until_the_next_start(component: Component) -> None:
    first, second = component.start(), component.start()
    component.run("(jobId) => render({ jobId })", first)
    component.until_shown(job=first, stage="queued")
    component.run("(jobId) => render({ jobId })", second)
    component.until_shown(job=second, stage="queued")
    third = component.start()
    component.run("(jobId) => render({ jobId })", second)
    component.until_shown(job=third, stage="queued")


@pytest.mark.parametrize(
    ("status", "body"), [(408, "The proxy's own page."), (202, "{}"), (200, "null"), (200, "[]")]
)
def test_an_order_whose_answer_is_lost_is_made_once_if_it_is_started_again(
    component: Component, console: Console, fal: DrivenFal, status: int, body: str
) -> None:
    console.allow(REQUEST_FAILED)
    submitted = fal.submits()
    lost = list[str]()

    def lose(route: Route) -> None:
        lost.append(route.fetch().json()["jobId"])
        route.fulfill(status=status, body=body)

    component.page.route("**/api/templates/video", lose, times=1)
    assert component.run("start()") is None
    component.until_shown(error="unexpected_answer", isRunning=False)
    assert component.start() == lost[0]
    assert fal.submits() == submitted + 1
    component.page.route("**/api/templates/video", lose, times=1)
    assert component.run("start()") is None
    other = component.run("start('gentle-zoom')")
    component.until_shown(job=other, isRunning=True, error=None)
    assert len({other, *lost}) == 3
    assert fal.submits() == submitted + 3


@pytest.mark.parametrize("then", ["retry", "completion"])
def test_the_error_of_a_failed_cancel_is_shown_until_the_next_one_or_the_video(
    component: Component, console: Console, fal: DrivenFal, then: str
) -> None:
    console.allow(REQUEST_FAILED)
    held = HeldRequests()
    component.page.route("**/cancel?*", lambda route: route.fulfill(status=400), times=1)
    job = component.start()
    component.until_shown(job=job, stage="queued")
    component.run("shown.cancel()")
    component.until_shown(error="unexpected_answer", isRunning=True)
    if then == "retry":
        component.page.route("**/cancel?*", held.hold, times=1)
        component.run("void shown.cancel()")
        component.until_shown(error=None, isRunning=True)
        component.until(lambda: held.count == 1)
        held.release()
        component.until_shown(status="cancelled", error="cancelled")
        component.run("shown.cancel()")
        assert component.shown()["error"] == "cancelled"
    else:
        fal.complete()
        component.until_shown(status="completed", isRunning=False)
        assert component.shown()["error"] is None


def test_a_cancel_that_comes_too_late_leaves_the_video_without_an_error(
    component: Component, console: Console, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 409 ")
    job = component.start()
    fal.complete()
    component.until_shown(job=job, status="completed")
    component.run("shown.cancel()")
    assert component.shown()["error"] is None
    assert component.shown()["url"]
