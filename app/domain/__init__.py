"""The nouns of the service: jobs, submissions, videos, credits. Frozen data without I/O."""
