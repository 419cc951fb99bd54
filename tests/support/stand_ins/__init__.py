"""Stand-ins for outside systems, and the small videos that they serve."""
