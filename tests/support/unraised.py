"""A pytest plugin: what a test leaves open fails that test, not whichever comes later."""

import gc
from collections.abc import Generator

import pytest
from _pytest.unraisableexception import collect_unraisable


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of the collections: they take milliseconds then."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Collect the test's garbage, so that warnings of unclosed resources come now."""
    yield
    gc.collect()
    collect_unraisable(item.config)
