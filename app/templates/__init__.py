"""Templates: what a user fills in, what the model receives, and which templates are on offer."""
