"""The ways in: a handler parses, calls one service and shows one view."""
