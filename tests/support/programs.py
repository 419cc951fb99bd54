"""Programs that a test runs and that the project does not install."""

import os
import shutil

import pytest


def required(name: str) -> str:
    """Return the program's path; skip the test if it is not on PATH."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")  # a user's PATH lacks it
    return found or pytest.skip(f"put {name} on PATH")


def surreal_with_rocksdb() -> str:
    """Return a server that has RocksDB; skip the test if there is none."""
    if os.environ.get("SURREAL_ENGINE") == "rocksdb":
        return required(os.environ.get("SURREAL_BIN", "surreal"))
    return required("surreal-3.3")
