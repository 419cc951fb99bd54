"""Everything that talks to fal: its queue, its storage, and the signatures of its webhooks."""
