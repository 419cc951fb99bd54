"""The contract check: schemathesis against the OpenAPI document."""
