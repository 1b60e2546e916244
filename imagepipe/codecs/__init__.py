"""Codecs: one file per picture format, one registry. A codec of the user's own registers by entry point."""
