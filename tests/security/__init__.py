"""Tests that no caller gets secrets or other users' data, or sends huge bodies or forged keys."""
