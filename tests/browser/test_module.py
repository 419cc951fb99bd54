"""The shared module in a browser, when nothing goes wrong but what the user is told of."""

from itertools import groupby

from playwright.sync_api import BrowserContext, Route

from tests.browser.console import NETWORK, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Held, Tab
from tests.support.tokens import token

REFUSED = NETWORK + r"the server responded with a status of {} "


def test_a_canvas_becomes_a_video_and_the_console_tells_how(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "ada")
    job = tab.submit()
    tab.until_it_stands(job, "queued", "stage")
    fal.queue(3)
    tab.until_it_stands(job, 3, "queuePosition")
    fal.begin()
    tab.until_it_stands(job, "processing")
    fal.complete()
    key = tab.end_of(job)

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
    assert tab.asked("events") == 1
    assert tab.asked("status") == 0
    tab.until(lambda: tab.streams() == 0)  # nothing is left to be heard of


def test_one_stream_serves_all_jobs_and_each_listener_hears_of_its_own(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "bea")
    tab.run("""async () => {
      globalThis.heard = { all: new Set(), first: new Set() };
      videos.subscribe((job) => heard.all.add(job.id));
      await videos.resume();
    }""")
    first = tab.submit()
    tab.run("(id) => videos.follow(id).subscribe((job) => heard.first.add(job.jobId))", first)
    second = tab.submit()
    fal.complete()
    tab.until_it_stands(second, "completed")
    assert tab.stands(first) == "pending"
    assert tab.run("[...heard.first]") == [first]
    assert sorted(tab.run("[...heard.all]")) == sorted([first, second])
    assert tab.asked("events") == 1
    assert tab.streams() == 1


def test_a_failed_job_rejects_with_the_reason_of_the_provider_also_where_nobody_waits(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "cyd")
    job = tab.submit()
    fal.fail("The picture shows a celebrity.")
    tab.until_it_stands(job, "failed")
    assert tab.end_of(job) == "fal_rejected: The picture shows a celebrity."


def test_a_job_is_cancelled_once_and_then_it_is_too_late(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    tab = Tab(context, driven.url, "dan")
    job = tab.submit()
    assert tab.run("(id) => videos.follow(id).cancel().catch(wrong)", job) is None
    assert tab.end_of(job).startswith("cancelled: ")
    console.allow(REFUSED.format(409))
    other = tab.run("videos.submit(canvas, { templateSlug: 'unheard-of' }).catch(wrong)")
    assert other.startswith("template_not_found: ")
    console.allow(REFUSED.format(404))


def test_an_aborted_submit_ends_the_waiting(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "eve")
    submitted = fal.submits()
    assert tab.run("submit({ signal: AbortSignal.abort() }).catch(wrong)").startswith("aborted: ")
    assert fal.submits() == submitted


def test_an_aborted_follow_ends_unless_the_job_is_followed_otherwise_too(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "fay")
    job = tab.submit()
    borrowed = """([id, signals]) => {
      const [first, second] = [new AbortController(), new AbortController()];
      const job = videos.follow(id, { signal: first.signal });
      videos.follow(id, { signal: second.signal });
      first.abort();
      const wasKept = videos.jobs.has(id);
      second.abort();
      const isKept = videos.jobs.has(id);
      return isKept ? [wasKept, isKept] : job.finished.catch(wrong).then((end) => [wasKept, end]);
    }"""
    assert tab.run(borrowed, [job, 2]) == [True, True]
    tab.load()
    assert tab.run(borrowed, [job, 2]) == [True, "aborted: The request was aborted."]
    tab.until(lambda: tab.streams() == 0)


def test_a_canvas_without_a_picture_is_an_error_of_its_own(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "gus")
    assert tab.run("(canvas.width = 0, submit().catch(wrong))").startswith("image_unavailable: ")


def test_a_lost_answer_is_asked_for_again_and_one_job_is_made(
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
    console.allow(NETWORK + "net::ERR_CONNECTION_RESET")
    assert tab.submit() == lost[0]
    assert fal.submits() == submitted + 1
    assert tab.asked("video") == 2


def test_a_session_that_has_ended_is_told_once_and_goes_on_after_the_next_sign_in(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REFUSED.format(401))
    tab = Tab(context, driven.url, "ida")
    tab.run("(stale) => { globalThis.fresh = token; token = stale; }", token("ida", exp=1))
    tab.run("videos.resume()")
    assert tab.run("errors") == ["unauthenticated"]
    assert tab.run("videos.credits().catch((error) => error.status)") == 401
    tab.run("document.dispatchEvent(new Event('visibilitychange'))")
    tab.until(lambda: tab.asked("events") >= 2)
    tab.run("(token = fresh, videos.credits())")
    tab.until_connected("live")
    assert tab.run("errors") == ["unauthenticated"]


def test_a_token_that_changes_while_the_last_one_is_being_refused_is_tried(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REFUSED.format(401))
    tab = Tab(context, driven.url, "ivy")
    held = Held()
    tab.page.route("**/api/templates/video/events", held.hold)
    tab.run("(stale) => { globalThis.fresh = token; token = stale; }", token("ivy", exp=1))
    tab.run("void videos.resume()")
    tab.until(lambda: held.count == 1)
    tab.run("(token = fresh, videos.credits())")
    tab.page.unroute("**/api/templates/video/events")
    held.release()
    tab.until_connected("live")


def test_users_do_not_see_each_others_jobs_after_one_another(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "joe")
    tab.run("videos.resume()")
    job = tab.submit()
    tab.until_it_stands(job, "pending")
    tab.run("(id) => { globalThis.end = videos.jobs.get(id).finished.catch(wrong); }", job)
    tab.run("(other) => (token = other, videos.credits())", token("kim"))
    assert tab.run("end") == "unauthenticated: Somebody else has signed in."
    tab.until_connected("live")
    tab.until(lambda: tab.streams() == 1)
    assert tab.run("videos.jobs.size") == 0
