"""The requests of each user that are under way and ask the database: only so many at a time.

The database carries out a few calls at once (``app/database/client.py``) and the others wait. With
few of each user waiting, no user waits long for another.
"""

import functools

from starlette.types import Scope

from app.server.memory import MemoryBudget, too_busy

REQUEST_BYTES = 16 * 1024
"""Memory for one request until its answer begins, without its body and rows."""
AT_ONCE, AT_ONCE_OF_A_USER = 2048, 128
"""A browser sends 100 at once through a proxy that speaks HTTP/2. Beside others, a user may have a
sixteenth of the places that they leave: 16 accounts with all that they can have leave a third."""
_GIVE_BACK = "give_back"


def requests_budget() -> MemoryBudget:
    """Return the budget of the requests under way, by user."""
    most = AT_ONCE_OF_A_USER * REQUEST_BYTES
    return MemoryBudget(AT_ONCE * REQUEST_BYTES, per_owner=most, shares=True)


def begin(scope: Scope, user: str, budget: MemoryBudget) -> None:
    """Count the request as under way until :func:`end`; a request is counted once.

    Raises:
        TooBusy: too many requests of the user, or of all users, are under way.

    """
    if _GIVE_BACK in scope:
        return
    if not budget.take(REQUEST_BYTES, user):
        raise too_busy()
    scope[_GIVE_BACK] = functools.partial(budget.give_back, REQUEST_BYTES, user)


def end(scope: Scope) -> None:
    """Stop counting the request: its answer begins, or it has none."""
    if give_back := scope.pop(_GIVE_BACK, None):
        give_back()
