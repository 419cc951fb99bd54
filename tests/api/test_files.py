"""Files of the local storage over HTTP."""

import pytest

from tests.support.refusals import assert_problem
from tests.support.service import Running


@pytest.mark.parametrize(
    "path",
    [
        "/media/users/ada/library/x.mp4",
        "/media/users/ada/library/x.mp4?expires=99999999999&signature=00",
        "/media/../.signing-key",
        "/media/.signing-key?expires=99999999999&signature=00",
    ],
)
async def test_file_without_a_valid_signature_is_not_found(run: Running, path: str) -> None:
    assert_problem(await run.client.get(path), 404, "not_found")
