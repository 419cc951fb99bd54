"""The results of ``Running.money`` for a new user's first job, which costs 10 credits."""

HELD = (100, 10, ["grant", "hold"])
RELEASED = (100, 0, ["grant", "hold", "release"])
CHARGED = (90, 0, ["grant", "hold", "charge"])
