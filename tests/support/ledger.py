"""What ``Running.money`` tells of a new user's first job, which costs 10 credits."""

HELD = (100, 10, ["grant", "hold"])
FREE = (100, 0, ["grant", "hold", "release"])
PAID = (90, 0, ["grant", "hold", "charge"])
