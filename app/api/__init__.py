"""The HTTP interface: routes by subject, the form, identity, JSON, problems, streams, the page."""
