"""How fast a training step of attention is, against everybody else: ``python -m benchmarks``."""
