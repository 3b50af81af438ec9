"""Pure functions from values to Block Kit. What a voter or a file supplied is escaped here, and nowhere else."""
