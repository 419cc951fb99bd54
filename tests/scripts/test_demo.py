"""``make demo`` in a fresh checkout."""

from pathlib import Path
from shutil import copytree

import av
import httpx
import pytest

from scripts import demo
from tests.support.process import ON_LINUX, forked
from tests.support.sockets import free_port

VIDEO = Path("data", "demo", "video.mp4")
ENV_OF_ANOTHER_SERVICE = "CREDITS_SIGNUP_GRANT=0\nSUBMITS_PER_MINUTE=no\nEVENTS_URL=http://shop\n"


@pytest.fixture
def folder(tmp_path: Path, migrated_folder: Path) -> Path:
    """A folder with a migrated database, since migrating takes seconds."""
    copytree(migrated_folder, tmp_path / "data" / "demo" / "surreal")
    return tmp_path


def test_the_demo_makes_a_playable_video_and_prints_its_price(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(ENV_OF_ANOTHER_SERVICE)
    with forked(tmp_path, "scripts.demo") as program:
        assert program.exit_status() == 0, program.stderr
        assert not program.group_members()
        before, key, video, after = program.stdout.splitlines()[-4:]
    assert before == "Credits before: 100 (0 held)"
    assert key.startswith("Key:            users/dev@localhost/library/")
    assert key.endswith("-night-life-roller.mp4")
    assert video.startswith(f"Video:          {VIDEO} (1280x720, 5.0 s, ")
    assert after == "Credits after:  90 (0 held)"
    with av.open(tmp_path / VIDEO) as container:
        assert sum(1 for _ in container.decode(video=0)) == 5 * 24


@pytest.mark.parametrize(("address", "sent"), [("/media/x.mp4", True), ("https://r2/x.mp4", False)])
def test_the_token_is_sent_to_the_service_only(
    monkeypatch: pytest.MonkeyPatch, address: str, *, sent: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=request.headers.get("Authorization", "nothing"))

    transport = httpx.MockTransport(answer)
    bare = httpx.Client(transport=transport)
    monkeypatch.setattr(httpx, "get", lambda url, **_: bare.get(url))
    signed_in = {"Authorization": "Bearer x"}
    with (
        bare,
        httpx.Client(base_url="http://service", transport=transport, headers=signed_in) as client,
    ):
        assert demo._downloaded(client, address) == (b"Bearer x" if sent else b"nothing")


def test_a_poll_that_is_answered_503_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0.0)
    job = {"jobId": "one", "status": "completed", "stage": "done"}
    answers = iter([httpx.Response(503), httpx.Response(503), httpx.Response(200, json=job)])
    transport = httpx.MockTransport(lambda _: next(answers))
    with httpx.Client(base_url="http://service", transport=transport) as client:
        assert demo._follow(client, "one") == job


def test_a_service_that_stays_unavailable_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0.0)
    transport = httpx.MockTransport(lambda _: httpx.Response(503))
    with (
        httpx.Client(base_url="http://service", transport=transport) as client,
        pytest.raises(httpx.HTTPStatusError),
    ):
        demo._follow(client, "one")


def test_a_refused_submit_is_reported_in_one_line(folder: Path) -> None:
    with forked(folder, "scripts.demo", "--template", "unheard-of") as program:
        assert program.exit_status() == 1
        assert program.stderr.splitlines()[-1] == "Refused: There is no template 'unheard-of'."
        assert "Traceback" not in program.stderr
        assert not program.group_members()


@pytest.mark.skipif(not ON_LINUX, reason="looks into /proc")
def test_ctrl_c_ends_every_process(folder: Path) -> None:
    with forked(folder, "scripts.demo") as program:
        program.wait_for_stderr("generating")
        assert program.group_members()
        assert program.interrupt() == 130, program.stderr
        assert not program.group_members()
        assert "Traceback" not in program.stderr
    assert not (folder / VIDEO).exists()


def test_a_service_that_cannot_be_reached_is_reported_in_one_line(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with forked(tmp_path, "scripts.demo", "--url", url) as program:
        assert program.exit_status() == 1
        (line,) = program.stderr.splitlines()
        assert line.startswith(f"{url}/api/credits: ")
        assert line.endswith("Connection refused")
