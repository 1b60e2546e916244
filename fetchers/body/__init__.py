"""The reading of bodies within limits, with every Content-Encoding undone."""
