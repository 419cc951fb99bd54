"""Whether the disk of the embedded database has room to write.

After a write that fails for lack of space, SurrealKV (3.2.4) goes on, but its log is torn there: if
the process is killed later, what it had refused appears at the next start, and what it had
committed since may be gone. So nothing is written to a disk that is nearly full.
"""

import errno
import os

from app.database.address import Address

RESERVE = 64 << 20
"""Bytes that stay free: more than can be written between a check and its call."""


def check_room(address: Address) -> None:
    """Return if the embedded database may be written; a server looks after its own disk.

    Raises:
        OSError: less than 64 MiB are free.

    """
    if not address.embedded:
        return
    try:
        found = os.statvfs(address.folder)
    except FileNotFoundError:  # the engine is about to create it
        return
    if found.f_bavail * found.f_frsize < RESERVE:
        raise OSError(errno.ENOSPC, f"less than {RESERVE >> 20} MiB free", str(address.folder))
