"""Brings about each row of ``docs/errors.md`` and returns what is printed or logged then."""
