"""The hook in React itself: its development build, whose StrictMode does everything twice."""

from itertools import groupby
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.console import NETWORK, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Held, Tab

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
    """A tab in which React shows one component with the hook."""

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

    def until_it_shows(self, **state: Any) -> None:
        self.until(lambda: self.shown().items() >= state.items())


@pytest.fixture
def component(context: BrowserContext, driven: Server, request: pytest.FixtureRequest) -> Component:
    return Component(context, driven, request.node.name)


def test_one_start_makes_one_job_whose_video_is_shown(component: Component, fal: DrivenFal) -> None:
    assert component.shown() == IDLE
    submitted = fal.submits()
    job = component.start()
    fal.queue(2)
    component.until_it_shows(job=job, status="pending", queuePosition=2, isRunning=True)
    fal.begin()
    component.until_it_shows(status="processing", stage="generating")
    fal.complete()
    component.until_it_shows(job=job, status="completed", isRunning=False, error=None)
    component.page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert fal.submits() == submitted + 1
    told = [status for status, _ in groupby(component.run("told"))]
    assert told == [None, "pending", "processing", "completed"]


def test_of_two_starts_the_last_is_shown(component: Component) -> None:
    first, second = component.run("Promise.all([start(), start()])")
    assert first is None
    component.until_it_shows(job=second, isRunning=True)
    third = component.start()
    component.until_it_shows(job=third, stage="queued")


def test_a_refusal_is_an_error_until_the_next_start(component: Component, console: Console) -> None:
    console.allow(NETWORK + r"the server responded with a status of 404 ")
    assert component.run("start('unheard-of')") is None
    assert component.shown() == IDLE | {"error": "template_not_found"}
    job = component.start()
    component.until_it_shows(job=job, error=None)


def test_the_provider_s_reason_is_shown(component: Component, fal: DrivenFal) -> None:
    job = component.start()
    fal.fail("The picture shows a celebrity.")
    component.until_it_shows(job=job, status="failed", error="fal_rejected", isRunning=False)
    assert component.run("shown.error.detail") == "The picture shows a celebrity."


def test_a_cancelled_job_is_shown_as_that_until_reset(component: Component) -> None:
    job = component.start()
    component.run("shown.cancel()")
    component.until_it_shows(job=job, status="cancelled", error="cancelled", isRunning=False)
    component.run("shown.reset()")
    component.until_it_shows(**IDLE)


def test_a_cancel_during_the_submit_cancels_the_job_that_comes_of_it(component: Component) -> None:
    held = Held()
    component.page.route("**/api/templates/video", held.hold)
    component.run("void start()")
    component.until(lambda: held.count == 1)
    component.run("void shown.cancel()")
    held.release()
    component.until_it_shows(status="cancelled", error="cancelled", isRunning=False)


def test_a_generation_goes_on_without_its_component_and_is_found_by_its_id(
    component: Component, fal: DrivenFal
) -> None:
    job = component.start()
    component.run("unmount()")
    fal.complete()
    component.until_it_stands(job, "completed")
    component.run("shown = null")
    component.mount(jobId=job)
    component.until_it_shows(job=job, status="completed", isRunning=False)


def test_another_id_shows_another_job_and_a_start_replaces_it(component: Component) -> None:
    first, second = component.start(), component.start()
    component.run("(jobId) => render({ jobId })", first)
    component.until_it_shows(job=first, stage="queued")
    component.run("(jobId) => render({ jobId })", second)
    component.until_it_shows(job=second, stage="queued")
    third = component.start()
    component.run("(jobId) => render({ jobId })", second)
    component.until_it_shows(job=third, stage="queued")
