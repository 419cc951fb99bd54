"""Draw the previews of the templates: a seamless loop and a still picture for each.

The files are part of the page. They are the same on every machine with the same Pillow and PyAV.
"""

import argparse
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image
from tqdm import tqdm

from scripts.artwork.scenes import SCENES
from scripts.artwork.scenes.light import HEIGHT, WIDTH, Scene

FOLDER = Path(__file__).parents[2] / "app" / "web" / "previews"
SIZE = (WIDTH // 2, HEIGHT // 2)
FRAMES_PER_SECOND = 24
FRAMES = 72
POSTER_AT = 0.3
LARGEST_VIDEO, LARGEST_POSTER = 45_000, 8_000  # bytes
QUALITIES = range(24, 40, 2)  # x264's CRF, from fine to coarse


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.artwork.previews", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        choices=[[], *SCENES],  # without names, argparse checks the empty list itself
        metavar="slug",
        help="templates to draw (default: all)",
    )
    names = parser.parse_args().names or list(SCENES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in tqdm(names, unit="preview"):
        scene = SCENES[name]()
        frames = [_shown(scene, number / FRAMES) for number in range(FRAMES)]
        (FOLDER / f"{name}.mp4").write_bytes(_smallest(frames))
        (FOLDER / f"{name}.webp").write_bytes(_poster(_shown(scene, POSTER_AT)))
    _write_index()
    return 0


def _shown(scene: Scene, time: float) -> Image.Image:
    return scene.frame(time).resize(SIZE, Image.Resampling.LANCZOS)


def _smallest(frames: list[Image.Image]) -> bytes:
    """Return the video of the best quality that is small enough."""
    with TemporaryDirectory() as folder:
        for quality in QUALITIES:
            video = _encode(frames, quality, folder)
            if len(video) <= LARGEST_VIDEO:
                return video
    raise SystemExit("A preview is too large at every quality. Simplify its scene.")


def _encode(frames: list[Image.Image], quality: int, folder: str) -> bytes:
    options = {"crf": str(quality), "preset": "veryslow", "tune": "animation", "aq-mode": "3"}
    file = Path(folder, "preview.mp4")  # faststart needs a seekable file
    with av.open(file, "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.thread_count = 1  # more threads would change the slices and so the bytes
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV names no types
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.read_bytes()


def _poster(image: Image.Image) -> bytes:
    for quality in range(84, 30, -6):
        file = BytesIO()
        image.save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= LARGEST_POSTER:
            return file.getvalue()
    raise SystemExit("A poster is too large at every quality. Simplify its scene.")


def _write_index() -> None:
    """List the previews for the page, which requests no others."""
    names = "".join(f'  "{name}",\n' for name in sorted(SCENES))
    text = f"/** Written by scripts/artwork/previews.py. */\nexport const PREVIEWS = [\n{names}];\n"
    (FOLDER / "index.js").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
