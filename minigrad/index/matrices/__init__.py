"""What the differentials of matrix functions are told in; the functions themselves stand with their operations."""
