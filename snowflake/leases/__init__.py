"""Who may use a worker id: one file for each way to know. All serve the port `Lease` (`snowflake.ports`)."""
