"""The page, the browser module and the React hook in a real Chromium.

Tests: ``test_canvas`` (the editor), ``test_page_*`` (the page), ``test_module*`` (the browser
module), ``test_react_hook`` and ``test_docs``.

Helpers: ``server`` starts the service as a process; ``fal`` is a fal that tests control;
``studio`` drives the page, ``editor_page`` the editor on a page of its own, ``tab`` a page with
only the module; ``journey`` uses the whole page by ``hands``; ``console`` and ``axe`` collect
errors. ``pages`` and ``vendor`` hold the HTML and React that those pages load.
"""
