"""What every call promises: the shapes of the description (OpenAPI), and problem details."""
