"""The model behind every model id: it checks a few arguments and animates the start image."""

import logging
import math
import re
import threading
from pathlib import Path
from typing import Any

import av
from PIL import Image

from app.local_fal import disk, picture
from app.local_fal.camera import move_for
from app.local_fal.generation import Generation
from app.local_fal.media import Media, content_type_of, url_of
from app.local_fal.outcome import Outcome
from app.local_fal.renderer import render

logger = logging.getLogger(__name__)

IMAGE_FIELDS = ("image_url", "start_image_url")
FORBIDDEN = "forbidden-by-policy"
DURATION = re.compile(r"(\d+)s?")


class Refusal(Exception):
    """The arguments cannot be used; ``outcome`` is what the result call answers."""

    def __init__(self, kind: str, field: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.outcome = Outcome.model_error(kind, message, loc=("body", field), **more)


class Model:
    """Accepts the arguments of any image-to-video model; videos last ``seconds`` at most."""

    def __init__(self, media: Media, *, seconds: float) -> None:
        self._media = media
        self._seconds = seconds

    def run(self, generation: Generation, stop: threading.Event) -> Outcome:
        """Make the video. This blocks for seconds: call it in a thread.

        Raises:
            RenderStopped: ``stop`` was set.

        """
        try:
            field = _image_field(generation)
            start_image = self._fetch(field, str(generation.arguments[field]))
            return self._render(generation, start_image, stop)
        except Refusal as refusal:
            return refusal.outcome
        except (OSError, av.FFmpegError):
            logger.exception("Local fal cannot render %s", generation.id)
            return Outcome.model_error(
                "internal_server_error", "Rendering failed.", status=500, retryable=True
            )

    def _fetch(self, field: str, url: str) -> Image.Image:
        path = self._media.find_url(url)
        if path is None:
            message = "The file could not be downloaded: it was not uploaded to local fal."
            raise Refusal("file_download_error", field, message, input=url)
        try:
            return picture.load(path)
        except picture.PictureTooSmall as error:
            side = picture.SMALLEST_SIDE
            message = f"The image is too small: the minimum is {side}x{side} pixels."
            ctx = {"min_width": side, "min_height": side}
            raise Refusal("image_too_small", field, message, ctx=ctx, input=url) from error
        except picture.PictureBroken as error:
            message = "The image could not be read: it is damaged, or not PNG, JPEG or WebP."
            raise Refusal("image_load_error", field, message, input=url) from error

    def _render(
        self, generation: Generation, start_image: Image.Image, stop: threading.Event
    ) -> Outcome:
        def report(done: int, total: int) -> None:
            if done % math.ceil(total / 4) == 0:
                generation.log(f"Rendered {done} of {total} frames")

        generation.log("Rendering the start image")
        target = self._media.reserve("video/mp4")
        with disk.replacing(target) as part:
            render(
                start_image,
                part,
                move=move_for(generation.prompt or generation.id),
                seconds=self._length(generation.arguments.get("duration")),
                stop=stop,
                progress=report,
            )
        return _video(target)

    def _length(self, duration: object) -> float:
        """Return seconds; models accept ``5``, ``"5"``, ``"8s"``, ``"auto"`` or None."""
        match = DURATION.fullmatch(str(duration))
        return min(int(match[1]), self._seconds) if match else self._seconds


def _image_field(generation: Generation) -> str:
    arguments, prompt = generation.arguments, generation.prompt
    if FORBIDDEN in prompt:
        message = "The prompt violates the content policy."
        raise Refusal("content_policy_violation", "prompt", message, input=prompt)
    for field in IMAGE_FIELDS:
        if arguments.get(field):
            return field
    raise Refusal("missing", IMAGE_FIELDS[0], "Field required", input=arguments)


def _video(path: Path) -> Outcome:
    return Outcome.video(
        url=url_of(path),
        content_type=content_type_of(path),
        file_name=path.name,
        file_size=path.stat().st_size,
    )
