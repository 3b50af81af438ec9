"""Guards are load-bearing: each is taken out in turn, and the test that it has must go red.

`table.py` has them, `__main__.py` (`make guards`) takes them out, `cut.py` is how.
"""
