"""Every fetch and every share as a row in Parquet, by day, and questions about them. Listens to the notices; needs the
extra `analytics`."""
