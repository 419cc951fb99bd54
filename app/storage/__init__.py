"""Finished videos and posters, in a folder or in R2: keys, addresses and the bytes themselves."""
