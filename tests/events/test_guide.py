"""The receiver of ``docs/events.md`` runs as it stands."""

import re
from pathlib import Path

import pytest

from app.errors import EventNotTaken
from app.events.receiver import open_receiver
from app.settings import Settings
from app.telemetry.seam import direct
from tests.support.event_receiver import NEXT_SECRET, SECRET
from tests.support.process import started
from tests.support.sockets import wait_for_port

(PROGRAM,) = re.findall(r"```python\n(.+?)```", Path("docs/events.md").read_text(), re.DOTALL)
BODY = b'{"type":"video.completed","data":{"jobId":"j","user":"ada"}}'


async def test_the_receiver_of_the_guide_processes_each_event_once(tmp_path: Path) -> None:
    (tmp_path / "receiver.py").write_text(PROGRAM)
    with started(tmp_path, "receiver", EVENTS_SECRET=SECRET) as process:
        wait_for_port(int(process.url.rpartition(":")[2]))
        for secrets, is_taken in (
            (SECRET, True),
            (f"{NEXT_SECRET},{SECRET}", True),
            (NEXT_SECRET, False),
        ):
            settings = Settings(_env_file=None, events_url=process.url, events_secret=secrets)
            async with open_receiver(settings, direct) as receiver:
                assert receiver is not None
                if is_taken:
                    await receiver.tell("one", BODY)
                    await receiver.tell("one", BODY)
                    await receiver.tell(secrets[-9:], BODY)
                    continue
                with pytest.raises(EventNotTaken, match="answered 401"):
                    await receiver.tell("two", BODY)
        process.until(lambda: process.stdout.count("\n") == 2)
        assert process.stdout == "video.completed j ada\n" * 2
