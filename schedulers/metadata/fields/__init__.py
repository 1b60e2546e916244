"""One file per field: its ladder of rules, and what it takes to make a value of what the winning rule read."""
