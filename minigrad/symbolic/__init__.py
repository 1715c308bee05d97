"""What is done with index notation: lowering, derivation, simplification, names."""
