"""One module an outside system: the only places that import its client."""
