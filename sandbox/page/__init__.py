"""The sandbox in a browser: Slack, the voters' phones, the weather and the log, on one page."""
