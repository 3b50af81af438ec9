"""The verbs: what Textbank does. No Slack, no carrier and no HTTP in here."""
