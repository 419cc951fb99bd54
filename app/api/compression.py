"""Compression of answers, for routes that send more than a few hundred bytes of text.

Each of these routes adds it. The status route, which is called most, answers in under 500 bytes;
event streams and stored files must not be changed.
"""

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

COMPRESSED = [Middleware(GZipMiddleware, compresslevel=6)]
"""Middleware of a route. Images, videos and partial answers are left alone. Level 9 takes up to
twice as long as level 6 and saves 1 % of the page."""
