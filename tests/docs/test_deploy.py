"""``docs/deploy.md``: its last chapter runs unchanged, and its commands need their settings."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.process import ROOT
from tests.support.programs import required, surreal_with_rocksdb

PROGRAMS = ("bash", "curl", "openssl", "versitygw")
DOCUMENT = (ROOT / "docs/deploy.md").read_text()


@pytest.mark.soak
def test_chapter_10_runs_and_every_invariant_holds(tmp_path: Path) -> None:
    bash, *_ = map(required, PROGRAMS)
    (programs := tmp_path / "bin").mkdir()
    (programs / "surreal").symlink_to(surreal_with_rocksdb())
    script = tmp_path / "chapter-10"
    (chapter,) = re.findall(r"^## 10\..*^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    script.write_text(chapter)
    log = tmp_path / "log"
    with log.open("w") as output:
        environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
        subprocess.run([bash, script], stdout=output, cwd=ROOT, env=environment, check=True)
    assert re.findall(
        "Credits after:.*|Every invariant.*|no drift|'not_strict' .* exist", log.read_text()
    ) == [
        "Credits after:  90 (0 held)",
        "Credits after:  80 (0 held)",
        "Every invariant holds.",
        "no drift",
        "Every invariant holds.",
        "'not_strict' does not exist",
    ]


def test_every_block_of_shell_can_be_parsed_and_names_files_that_exist() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 20
    for block in blocks:
        checked = subprocess.run(
            ["/bin/bash", "-n"], input=block, text=True, capture_output=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, ""), block
        named = re.findall(r"(?<![\w/.])(?:docs|scripts)/[\w.@*-]+\w", block)
        assert [name for name in named if not list(ROOT.glob(name))] == [], block


def test_a_command_does_not_run_without_its_file_of_settings(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    (script,) = (block for block in blocks if "> /usr/local/sbin/as_" in block)
    for folder in ("/etc", "/usr/local/sbin"):
        (here := tmp_path / Path(folder).name).mkdir()
        script = script.replace(f"{folder}/", f"{here}/")
    subprocess.run(["/bin/bash", "-e", "-c", script], cwd=ROOT, check=True)
    settings = tmp_path / "etc/video-generation.env"
    command = [str(tmp_path / "sbin/as_service"), "printenv", "SURREAL_URL"]

    settings.write_text("SURREAL_URL=ws://127.0.0.1:8001\n")
    assert subprocess.check_output(command) == b"ws://127.0.0.1:8001\n"
    settings.unlink()
    ended = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (ended.returncode > 0, ended.stdout) == (True, "")
    assert settings.name in ended.stderr
