"""``minigrad train``: a classifier on digits or on a CSV file, with checkpoints."""
