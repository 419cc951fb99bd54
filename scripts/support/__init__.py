"""Helpers that several scripts share, and the checks that only ``make`` runs."""
