"""The way to the network: connections behind the address guard, one HTTP request and its answer at a time."""
