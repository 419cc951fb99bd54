"""However many pages are asked for at once, the process hardly grows, and others are served."""

import pytest

from tests.security import test_memory
from tests.security.test_memory import Victim, assert_stands
from tests.support.database import connected, embedded
from tests.support.process import ON_LINUX
from tests.support.raw_requests import get

AT_ONCE = 400
GUESSERS = 2500
ROWS = 100
"""As many as a page can have."""
_FILL = """
FOR $number IN 1..=$rows {
  LET $job = 'job-' + <string> $number;
  CREATE type::record('video_job', $job) SET
    user = 'ada', user_email = 'ada@example.com', template_slug = 'gentle-zoom',
    variables = { headline: string::repeat('ü', 400) }, fal_model = 'fal-ai/model',
    credits = 4, status = 'completed', stage = 'done', revision = 1, completed_at = time::now(),
    video_key = 'users/ada/library/' + $job + '.mp4';
  CREATE type::record('library_video', $job) SET
    user = 'ada', key = 'users/ada/library/' + $job + '.mp4', title = string::repeat('ü', 200),
    template_slug = 'gentle-zoom', bytes = 1000, duration_seconds = 5.0, width = 64, height = 64;
  CREATE type::record('credit_entry', [$job, 'charge']) SET
    user = 'ada', kind = 'charge', credits = 4, job = $job;
};
"""

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="reads /proc")

victim = test_memory.victim


@pytest.fixture
async def full_library(store_url: str) -> None:
    """A hundred videos of ada, with titles and texts as long as users can make them."""
    async with connected(embedded(store_url)) as database:
        results = await database.run_script(_FILL, rows=ROWS)
        assert [each["status"] for each in results] == ["OK"], results


@pytest.mark.soak
@pytest.mark.usefixtures("full_library")
@pytest.mark.parametrize("path", ["/api/library?limit=100", "/api/jobs?limit=100", "/api/credits"])
async def test_pages_of_one_user_that_nobody_reads(victim: Victim, path: str) -> None:
    await assert_stands(victim, [victim.send(get(path, "ada")) for _ in range(AT_ONCE)])


@pytest.mark.usefixtures("store_url")
async def test_links_of_shared_videos_that_strangers_guess(victim: Victim) -> None:
    guess = f"GET /v/{'x' * 22} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    await assert_stands(victim, [victim.send(guess * 20) for _ in range(GUESSERS)])
