"""Stand-ins for the outside world, reached over real HTTP.

Nothing here imports the product: it is taken for Slack and for a carrier only because it answers as they do.
"""
