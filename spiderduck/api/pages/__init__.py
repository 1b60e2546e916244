"""Pages for people without a key: what the bot is, and what each problem means."""
