"""What people share: a log of shares, counts for each page, and what is trending. Listens to the notices; the flow
knows nothing of it."""
