"""What each speed figure in the README is measured with. Ratios are of one run on one machine."""
