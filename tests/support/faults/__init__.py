"""Provokes each row of ``docs/errors.md`` and returns the printed or logged output."""
