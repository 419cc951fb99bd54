"""What programs of others make of the package in ``app/web`` and of the OpenAPI document.

They come from npm and from PyPI, so these tests need Node.js 20, and both registries.
"""
