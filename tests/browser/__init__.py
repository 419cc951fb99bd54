"""The page, the browser module and the React hook in a real Chromium.

Tests: ``test_canvas`` (the editor), ``test_page_*`` (the page), ``test_module*`` (the browser
module), ``test_react_hook`` and ``test_docs``.

Helpers: ``server`` starts the service as a process; ``fal`` is a fal that tests control;
``studio`` drives the page, ``sessions`` signs users in there, ``journey`` uses all of it by
``hands``, which have only keys or one finger (``drawing`` is its part on the canvas);
``editor_page`` drives the editor on a page of its own, ``tab`` a page with only the module;
``answers`` stand in for the service's; ``console`` and ``axe`` collect errors. ``pages`` and
``vendor`` hold the HTML and React that those pages load.
"""
