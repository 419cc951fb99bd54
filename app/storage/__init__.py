"""Finished videos, posters and start images, in a folder or in R2: keys, addresses, bytes."""
