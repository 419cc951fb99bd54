"""Make a video from a sample canvas through the real HTTP routes and save it to a file.

Without --url this starts its own service under data/demo, which costs nothing: embedded database,
local fal, local files.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from scripts.artwork.canvas import draw
from scripts.support.own_service import own_service

STAGES = ["submitting", "queued", "generating", "storing", "done"]
POLL_SECONDS = 0.5
PATIENCE_WITH_503 = 60
"""Attempts: on a busy machine the database may not answer in time."""


def main() -> int:
    """Return the exit status."""
    arguments = _parser().parse_args()
    try:
        image = arguments.image.read_bytes() if arguments.image else draw()
        service = contextlib.nullcontext(arguments.url) if arguments.url else _fresh_service()
        headers = {"Authorization": f"Bearer {arguments.token}"} if arguments.token else {}
        with service as url, httpx.Client(base_url=url, headers=headers, timeout=120) as client:
            return _make_video(client, image, arguments.template, arguments.output)
    except httpx.HTTPError as error:
        reason, *_ = str(error).splitlines() or [type(error).__name__]
        print(f"{error.request.url}: {reason}", file=sys.stderr)
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode  # the program printed the reason
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--url", help="the address of a running service")
    parser.add_argument("--token", help="its bearer token")
    parser.add_argument("--image", type=Path, help="a PNG, JPEG or WebP instead of the sample")
    parser.add_argument("--template", default="night-life-roller")
    parser.add_argument("--output", type=Path, default=Path("data/demo/video.mp4"))
    return parser


def _make_video(client: httpx.Client, image: bytes, template: str, output: Path) -> int:
    print(f"Credits before: {_credits(client)}")
    answer = client.post(
        "/api/templates/video",
        files={"startImage": ("canvas.png", image, "image/png")},
        data={"data": json.dumps({"templateSlug": template, "variables": {}})},
    )
    if answer.is_error:
        print(f"Refused: {answer.json()['detail']}", file=sys.stderr)
        return 1
    job = _follow(client, answer.json()["jobId"])
    if job["status"] != "completed":
        print(f"{job['status']}: {job.get('error', {}).get('message', '')}", file=sys.stderr)
        return 1
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(_downloaded(client, job["url"]))
    print(f"Key:            {job['key']}")
    print(
        f"Video:          {output} ({job['width']}x{job['height']}, "
        f"{job['durationSeconds']:.1f} s, {job['bytes']:,} bytes)"
    )
    print(f"Credits after:  {_credits(client)}")
    return 0


def _downloaded(client: httpx.Client, address: str) -> bytes:
    """Download the video; the token is not for the host of a bucket."""
    if httpx.URL(address).is_relative_url:
        return client.get(address).raise_for_status().content
    return httpx.get(address, timeout=client.timeout).raise_for_status().content


def _follow(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """Poll as a browser does until the job ends, and show its stage."""
    with tqdm(total=len(STAGES), bar_format="{desc:<11}{bar:30} {elapsed}") as bar:
        while True:
            job = _asked(client, "/api/templates/video/status", jobId=job_id)
            bar.set_description_str(job["stage"], refresh=False)
            reached = STAGES.index(job["stage"]) + 1 if job["stage"] in STAGES else bar.n
            bar.update(max(0, reached - bar.n))
            bar.refresh()
            if job["stage"] == "done":
                return job
            time.sleep(POLL_SECONDS)


def _credits(client: httpx.Client) -> str:
    credit = _asked(client, "/api/credits")
    return f"{credit['balance']} ({credit['held']} held)"


def _asked(client: httpx.Client, path: str, **query: str) -> dict[str, Any]:
    """Return the answer; ask again while it is 503, as the page does."""
    for _ in range(PATIENCE_WITH_503):
        answer = client.get(path, params=query)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        time.sleep(POLL_SECONDS)
    return dict(answer.raise_for_status().json())


def _fresh_service() -> contextlib.AbstractContextManager[str]:
    folder = Path("data/demo/service")
    shutil.rmtree(folder, ignore_errors=True)  # each demo starts with all its credits
    return own_service(folder)


if __name__ == "__main__":
    sys.exit(main())
