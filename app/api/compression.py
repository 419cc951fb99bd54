"""Which answers are compressed: those that are text and more than a few hundred bytes.

It is added route by route. The status route is asked most and answers in under 500 bytes, and an
event stream or a stored file must pass unchanged.
"""

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

COMPRESSED = [Middleware(GZipMiddleware, compresslevel=6)]
"""Middleware of a route. Images, videos and partial answers are left alone. Level 9 takes up to
twice as long as level 6 and saves 1 % of the page."""
