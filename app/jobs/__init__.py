"""The story of a job: submit, refresh, delivery, and everything that keeps it moving."""
