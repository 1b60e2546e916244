"""Before a call and around it: who calls, what they may, how much of it, and who changed what."""
