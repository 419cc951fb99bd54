"""The video generation service."""
