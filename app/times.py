"""The times that depend on each other, in seconds, grouped by the sum they belong to.

Other times are in the modules that use them. Read these as ``times.X``
when they are needed, so that a test can change one in a single place. ``tests/test_times.py``
adds up every group.
"""

# Every answer except that of a submit comes within ANSWER. One slow system costs a request at most
# its own time below; a request that also waits for keys pays for both: KEY_SET_WAIT + FAL_WAIT.

ANSWER = 2.0
"""The longest that a caller waits."""
DATABASE_CALL = 1.8
"""One call to the database, retries included."""
STORAGE_CHECK = 1.5
"""One check that the storage answers; a disk may hang as well as a network."""
FAL_WAIT = 1.0
"""How long a request waits for fal before it is answered without fal's state."""
KEY_SET_WAIT = 0.8
"""How long a request waits for public keys; without them it is answered, and asks nothing else."""
CALLBACK = 1.8
"""Verifying and following fal's webhook; fal repeats a webhook that fails."""

KEY_SET_FETCH = 10.0
"""One fetch of public keys, in the background: no request waits for all of it."""

# The process ends within STOP of a signal. The steps follow each other, so they add up:
# REQUEST_GRACE + DRAIN + PART_DRAIN + UPLOAD_ABORT * UPLOAD_ABORTS + DATABASE_CLOSE + TRACES_EXPORT
# + ENGINE_EXIT < FORCED_EXIT < STOP.
# SUBMIT_AT_STOP is a part of REQUEST_GRACE.

STOP = 20.0
"""From the signal to the end of the process."""
FORCED_EXIT = 19.5
"""From the signal to an exit that interrupts everything that still runs."""
REQUEST_GRACE = 5
"""For requests in progress; whole seconds, as uvicorn takes them."""
SUBMIT_AT_STOP = 3.0
"""How long a submit still waits for fal before it answers with the job as it is."""
DRAIN = 7.0
"""For deliveries in progress; another process finishes what is cancelled then."""
PART_DRAIN = 2.0
"""For parts being sent to R2 to arrive before the upload is aborted: they would outlive it."""
UPLOAD_ABORT = 1.0
"""One attempt to abort an upload at R2."""
UPLOAD_ABORTS = 3
"""Attempts, not seconds; R2 drops an upload that is still there after seven days."""
DATABASE_CLOSE = 1.0
"""For a server to close its connection; the SDK waits up to 10 s for one that hangs."""
TRACES_EXPORT = 1.0
"""For a collector to take spans; what it has not taken at the end is lost."""
ENGINE_EXIT = 0.25
"""Between closing the embedded engine and the end of the process, otherwise killed by SIGABRT."""

# A delivery keeps its lease if one renewal fails: 2 * (LEASE_RENEWAL + DATABASE_CALL) < LEASE.

LEASE = 20
"""How long a delivery holds its job without a renewal; whole seconds."""
LEASE_RENEWAL = LEASE / 3
"""Between two renewals of a lease."""

# Each unfinished job is checked at least once in UNSEEN. The database varies a wait by up to 15 %
# and triples LOOK_AGAIN for a job older than ten minutes (fn::video_job::take_due). The sweep then
# finds it:
# 1.15 * max(3 * LOOK_AGAIN, LONGEST_RETRY_WAIT) + SWEEP_INTERVAL * (1 + SWEEP_JITTER).

UNSEEN = 60.0
"""The longest time between two checks of an unfinished job while a process runs."""
SWEEP_INTERVAL = 5.0
"""Between two sweeps."""
SWEEP_JITTER = 0.2
"""Share of SWEEP_INTERVAL, not seconds: keeps several processes from sweeping together."""
LOOK_AGAIN = 15
"""Until the sweep checks an unwatched job again; whole seconds."""
LONGEST_RETRY_WAIT = 45
"""Between two attempts after a temporary failure; whole seconds."""

# The sweep may look before a process has written what it knows of a submit, but not a second time:
# LATE_WRITE + a second of jitter + DATABASE_CALL < SECOND_LOOK < 0.75 * LOOK_AGAIN.

LATE_WRITE = 5.0
"""The longest pause between two tries to write what the database did not take."""
SECOND_LOOK = 10
"""From the first look at a submit without an outcome to the next one that counts; whole seconds."""

# A repeated submit is not answered with a job whose failure a process has yet to write:
# LATE_WRITE + a second of jitter + DATABASE_CALL < FIRST_SUBMIT.

FIRST_SUBMIT = 8.0
"""How long a repeated submit waits for the first one, unless this process hands it over."""

# A deletion is not given to another process while it runs: DELETION_PATIENCE + DATABASE_CALL <
# DELETION_LEASE. An erasure that outlasts its lease is continued by two processes: no harm.

DELETION_PATIENCE = 30.0
"""How long the storage may take to delete an object of a video."""
DELETION_LEASE = 60
"""How long a process has a deletion for itself; whole seconds."""
ERASURE_LEASE = 60
"""How long a process has an erasure for itself; whole seconds."""

# A start image of a job that is deleted while it is stored is in the storage before its objects are
# deleted once more, ten minutes after the first time (fn::deletion::done):
# DATABASE_CALL + START_IMAGE_FRESH + START_IMAGE_PUT + PART_DRAIN + UPLOAD_ABORT * UPLOAD_ABORTS
# < ten minutes.

START_IMAGE_FRESH = 60.0
"""How long a job counts as not deleted after it was opened; later, a start image asks."""
START_IMAGE_PUT = 240.0
"""How long the storage may take to store a start image."""

# An outgoing event is told by one process at a time:
# EVENT_ATTEMPT + 3 * DATABASE_CALL < EVENT_LEASE.

EVENT_ATTEMPT = 15.0
"""One attempt to tell an event."""
EVENT_LEASE = 60
"""How long a process has an event to itself; whole seconds."""

# The places of a killed process's streams are free again within PLACES_FREE: its row is no longer
# renewed. A place that could not be returned is free after STREAM + STREAM_MARGIN.

PLACES_FREE = 120
"""The longest that the streams of a killed process count."""
PROCESS_ALIVE = 100
"""How long a renewal counts; whole seconds."""
PROCESS_RENEWAL = 30.0
"""Between two renewals: two may fail."""
STREAM = 300
"""The longest that an event stream stays open; its client then reconnects."""
STREAM_MARGIN = 60
"""For a client that reads slowly when its stream ends."""
