"""SQLite as every embedded adapter uses it: one writer thread with group commit, reader threads that never wait for
it."""
