"""Measurements, each beside its baseline where there is one, which takes turns with it.

``make bench`` runs all and writes ``docs/bench.md`` and ``docs/bench.json``. The stand-ins for
fal and for the store are those of the tests.
"""
