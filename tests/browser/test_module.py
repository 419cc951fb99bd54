"""The browser module: submit, follow, cancel, and what it says of each error."""

from itertools import groupby

import httpx
import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REFUSED, REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.support.process import PATIENCE
from tests.support.tokens import bearer


def test_a_canvas_becomes_a_video_and_the_console_logs_each_event(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "ada")
    job = tab.submit()
    tab.until_known(job, "queued", "stage")
    fal.queue(3)
    tab.until_known(job, 3, "queuePosition")
    fal.begin()
    tab.until_known(job, "processing")
    fal.complete()
    key = tab.outcome(job)

    events = [line for line in console.lines if "Event" in line]
    numbers = [line.split()[2] for line in events]
    states = [line.partition(": ")[2] for line in events]
    assert numbers == [f"{number}:" for number in range(1, len(events) + 1)]
    assert [state for state, _ in groupby(states)] == [
        "status=pending",
        "status=processing",
        "status=completed",
    ]
    assert console.lines == [
        f"[VIDEO] Job started: {job}",
        *events,
        f"[VIDEO] Generation complete: {key}",
    ]
    assert tab.count("events") == 1
    assert tab.count("status") == 0
    tab.until(lambda: tab.open_streams() == 0)  # no unfinished job is left

    deletion = httpx.delete(
        f"{driven.url}/api/library/{job}", headers=bearer("ada"), timeout=PATIENCE
    )
    assert deletion.status_code == 204
    tab.load()
    assert tab.outcome(job) == "deleted: The video is no longer there."
    assert console.lines[-1].endswith("status=completed")


def test_one_stream_serves_all_jobs_and_each_listener_gets_its_own_job(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "bea")
    tab.run("""async () => {
      globalThis.received = { all: new Set(), first: new Set() };
      videos.subscribe((job) => received.all.add(job.id));
      await videos.resume();
    }""")
    first = tab.submit()
    tab.run("(id) => videos.follow(id).subscribe((job) => received.first.add(job.jobId))", first)
    second = tab.submit()
    fal.complete()
    tab.until_known(second, "completed")
    assert tab.known(first) == "pending"
    assert tab.run("[...received.first]") == [first]
    assert sorted(tab.run("[...received.all]")) == sorted([first, second])
    assert tab.count("events") == 1
    assert tab.open_streams() == 1


def test_a_failed_job_rejects_with_the_provider_s_reason_even_if_it_was_not_awaited(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "cyd")
    job = tab.submit()
    fal.fail("The picture shows a celebrity.")
    tab.until_known(job, "failed")
    assert tab.outcome(job) == "fal_rejected: The picture shows a celebrity."


def test_a_job_is_cancelled_and_an_unknown_template_is_rejected(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    tab = Tab(context, driven.url, "dan")
    job = tab.submit()
    assert tab.run("(id) => videos.follow(id).cancel().catch(describeError)", job) is None
    assert tab.outcome(job).startswith("cancelled: ")
    console.allow(REFUSED.format(409))
    other = tab.run("videos.submit(canvas, { templateSlug: 'unknown' }).catch(describeError)")
    assert other.startswith("template_not_found: ")
    console.allow(REFUSED.format(404))


def test_an_aborted_submit_rejects_and_submits_nothing(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "eve")
    submitted = fal.submits()
    assert tab.run("submit({ signal: AbortSignal.abort() }).catch(describeError)").startswith(
        "aborted: "
    )
    assert fal.submits() == submitted


def test_an_aborted_follow_ends_unless_the_job_is_followed_elsewhere(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "fay")
    job = tab.submit()
    follow_twice = """([id, signals]) => {
      const [first, second] = [new AbortController(), new AbortController()];
      const job = videos.follow(id, { signal: first.signal });
      videos.follow(id, { signal: second.signal });
      first.abort();
      const wasKept = videos.jobs.has(id);
      second.abort();
      const isKept = videos.jobs.has(id);
      if (isKept) return [wasKept, isKept];
      return job.finished.catch(describeError).then((end) => [wasKept, end]);
    }"""
    assert tab.run(follow_twice, [job, 2]) == [True, True]
    tab.load()
    assert tab.run(follow_twice, [job, 2]) == [True, "aborted: The request was aborted."]
    tab.until(lambda: tab.open_streams() == 0)


def test_an_empty_canvas_rejects_with_image_unavailable(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "gus")
    assert tab.run("(canvas.width = 0, submit().catch(describeError))").startswith(
        "image_unavailable: "
    )


def test_a_submit_whose_answer_is_lost_is_repeated_and_makes_one_job(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "hal")
    submitted = fal.submits()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().json()["jobId"])
            return route.abort("connectionreset")
        return route.fallback()

    tab.page.route("**/api/templates/video", lose)
    console.allow(REQUEST_FAILED + "net::ERR_CONNECTION_RESET")
    assert tab.submit() == lost[0]
    assert fal.submits() == submitted + 1
    assert tab.count("video") == 2


def test_a_busy_service_is_asked_again(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "una")
    submitted = fal.submits()
    turned_away: list[Route] = []

    def turn_away(route: Route) -> None:
        if turned_away:
            return route.fallback()
        turned_away.append(route)
        problem = {"code": "too_busy", "detail": "Try again soon."}
        return route.fulfill(status=503, json=problem, headers={"Retry-After": "1"})

    tab.page.route("**/api/templates/video", turn_away)
    console.allow(REFUSED.format(503))
    tab.until_known(tab.submit(), "pending")
    assert fal.submits() == submitted + 1


@pytest.mark.parametrize(("status", "code"), [(401, "unauthenticated"), (413, "image_too_large")])
def test_a_proxy_s_own_refusal_is_named(
    context: BrowserContext, console: Console, driven: Server, status: int, code: str
) -> None:
    tab = Tab(context, driven.url, "val")
    tab.page.route(
        "**/api/templates/video", lambda route: route.fulfill(status=status, body="<html>")
    )
    console.allow(REFUSED.format(status))
    assert tab.run("submit().catch((error) => error.code)") == code


def test_addresses_of_the_service_s_own_files_start_at_its_url(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "xia")
    tab.run("videos = new VideoGeneration({ baseUrl: location.origin, getToken: () => token })")
    job = tab.submit()
    fal.complete()
    tab.outcome(job)
    media = f"{driven.url}/media/"
    tab.until_known(job, "completed")
    assert str(tab.known(job, "url")).startswith(media)
    assert str(
        tab.run("videos.status([...videos.jobs.keys()][0]).then(({ url }) => url)")
    ).startswith(media)
    assert str(tab.run("videos.library().then((page) => page.videos[0].posterUrl)")).startswith(
        media
    )
