"""What may happen to jobs, videos and users, as rules of a state machine with a model."""
