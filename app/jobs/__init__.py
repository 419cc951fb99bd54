"""The life cycle of a job: submit, refresh, delivery, and the loops that process due jobs."""
