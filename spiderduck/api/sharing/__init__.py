"""`POST /v1/events`: links come in."""
