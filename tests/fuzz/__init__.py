"""Tests that send hostile requests and tokens, drawn at random from a seed."""
