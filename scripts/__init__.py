"""Scripts for operators; ``--help`` explains each. Their helpers are in ``support``."""
