"""``docs/deploy.md``, whose last chapter runs as it stands."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.process import ROOT

PROGRAMS = ("bash", "curl", "openssl", "surreal", "versitygw")
DOCUMENT = (ROOT / "docs/deploy.md").read_text()


@pytest.mark.soak
def test_the_whole_way_with_stand_ins_ends_with_every_invariant(tmp_path: Path) -> None:
    programs = {program: shutil.which(program) for program in PROGRAMS}
    if missing := [program for program, path in programs.items() if path is None]:
        pytest.skip(f"put {', '.join(missing)} on PATH")
    script = tmp_path / "whole-way"
    (chapter,) = re.findall(r"^## 10\..*^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    script.write_text(chapter)
    said = tmp_path / "said"
    with said.open("w") as output:
        subprocess.run([programs["bash"] or "", script], stdout=output, cwd=ROOT, check=True)
    assert re.findall("Credits after:.*|Every invariant.*|no drift", said.read_text()) == [
        "Credits after:  90 (0 held)",
        "Credits after:  80 (0 held)",
        "Every invariant holds.",
        "no drift",
        "Every invariant holds.",
    ]
