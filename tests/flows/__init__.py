"""Whole stories over HTTP, in the words of those who live them."""
