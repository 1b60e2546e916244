"""Traces: what of the spans of this process goes to a collector, and how."""
