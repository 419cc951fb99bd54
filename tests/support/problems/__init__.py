"""How each problem of the OpenAPI document is provoked."""
