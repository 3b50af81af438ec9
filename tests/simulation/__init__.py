"""The product on a clock of its own, with faults at every await; `python -m tests.simulation --help` runs it."""
