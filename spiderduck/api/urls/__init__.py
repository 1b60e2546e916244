"""What is known of URLs: look-ups, cards, redirects, verdicts, direct fetches, and the same for agents."""
