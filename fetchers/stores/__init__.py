"""What fetchers keep and share, a file for each technology: the adapters of the ports in `fetchers.ports`."""
