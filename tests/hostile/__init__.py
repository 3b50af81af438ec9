"""Hostile input: one busy day, told with other people's words, and what they may not do."""
