"""A pytest plugin: database and S3 servers that the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.support.database import SurrealServer, surreal_server
from tests.support.s3 import S3Server, s3_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SurrealServer]:
    """Run a database server, in which every test has a database of its own."""
    with surreal_server(tmp_path_factory.mktemp("surreal")) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running_server:
        yield running_server
