"""Word to other services: events signed as Standard Webhooks has it, posted to ``EVENTS_URL``."""
