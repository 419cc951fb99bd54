"""What an operator runs; ``--help`` explains each script. Helpers are in ``support``."""
