"""Figures of the budgets, each a ratio within one run. `make bench` runs them all; they are kept in README.md."""
