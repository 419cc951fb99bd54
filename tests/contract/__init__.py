"""What programs of others make of the package in ``app/web`` and of the OpenAPI document.

They come from npm, so these tests need Node.js 20 and npm with its registry.
"""
