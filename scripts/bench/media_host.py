"""A fal whose every video is one file: ``python -m scripts.bench.media_host FILE``.

It listens at ``PORT``.
"""

import asyncio
import os
import sys
from pathlib import Path

from starlette.responses import FileResponse, Response

from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_wire import Call


class FalWithFile(FalStandIn):
    """Every job is completed at its first poll, with ``file`` as its video."""

    def __init__(self, file: Path, port: int) -> None:
        super().__init__(video=b"", steps=("COMPLETED",), port=port)
        self._file = file

    def _media(self, _call: Call) -> Response:
        # Larger pieces than Starlette's, so that the host is not the bottleneck.
        answer = FileResponse(self._file, media_type="video/mp4")
        answer.chunk_size = 1024 * 1024
        return answer


async def serve(port: int, file: Path) -> None:
    """Serve until the process is ended."""
    async with FalWithFile(file, port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(os.environ["PORT"]), Path(sys.argv[1])))
