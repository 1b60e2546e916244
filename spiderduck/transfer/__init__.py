"""Records, versions of pages and redirect edges as a file of JSON lines, from one store to another."""
