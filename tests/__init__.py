"""A package by name, since some libraries install a package `tests` of their own."""
