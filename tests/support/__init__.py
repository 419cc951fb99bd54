"""Helpers that the tests share: the service, its database, programs, tokens and seams."""
