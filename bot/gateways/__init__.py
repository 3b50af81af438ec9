"""The two outside worlds. Nothing else in the program speaks HTTP to anybody."""
