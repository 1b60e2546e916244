"""The archive as a source: today's rules over the pages that were fetched before, without fetching anything."""
