"""The process: settings at the start, signals, connections, background tasks, scratch space."""
