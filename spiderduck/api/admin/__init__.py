"""For whoever runs the server: health, domains, dead letters."""
