"""Write the page's bundle with esbuild, which npm brings: ``make bundle``."""

import shutil
import subprocess
import sys
from pathlib import Path

from app.api.bundle import BUNDLE, SOURCES, first_line
from app.api.page import FOLDER

ESBUILD = "esbuild@0.28.2"
OPTIONS = (
    "--bundle",
    "--format=esm",
    "--target=es2022",
    "--minify",
    "--line-limit=120",
    "--legal-comments=none",
    "--log-level=warning",
)


def main() -> int:
    if not shutil.which("npx"):
        print("make bundle needs Node.js 20 or newer with npm", file=sys.stderr)
        return 2
    write(FOLDER)
    return 0


def write(folder: Path) -> None:
    """Write the bundle of the page's sources into ``folder``."""
    line = first_line(FOLDER)
    entries = [
        f"{Path(BUNDLE.script).stem}={SOURCES.script}",
        f"{Path(BUNDLE.styles).stem}={SOURCES.styles}",
    ]
    places = [f"--banner:js={line}", f"--banner:css={line}", f"--outdir={folder}"]
    npx = ["npx", "--yes", "--prefer-offline", ESBUILD]
    subprocess.run([*npx, *entries, *OPTIONS, *places], cwd=FOLDER, check=True)  # noqa: S603 the project's own paths


if __name__ == "__main__":
    sys.exit(main())
