"""Log lines, metrics, and the function that every call to the outside passes through."""
