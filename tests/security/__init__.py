"""Tests of what no caller may get or do: secrets, other users' data, large bodies, foreign keys."""
