"""Measurements. A figure and its baseline are measured alternately.

``make bench`` runs all of them and writes ``docs/bench.md``. The tests' stand-ins serve as fal and
as the store.
"""
