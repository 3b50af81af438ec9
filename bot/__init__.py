"""Textbank: peer-to-peer texting from inside Slack."""
