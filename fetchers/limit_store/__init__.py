"""Rate limits that were set while running (port `LimitStore`): in memory, or in the coordinator for all fetchers."""
