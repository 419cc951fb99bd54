"""What operators see: log lines, metrics, and the function that outside calls pass through."""
