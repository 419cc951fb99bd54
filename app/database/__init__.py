"""SurrealDB: connecting and calling, the stores, the schema and its migrations, the audit.

No other room imports ``surrealdb``.
"""
