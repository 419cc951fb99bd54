"""Measurements: each figure beside a baseline that runs alternately with it, on one machine.

``make bench`` runs all and writes ``docs/bench.md`` and ``docs/bench.json``. The stand-ins for
fal and for the store are those of the tests.
"""
