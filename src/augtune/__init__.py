"""augtune: augmented fine-tuning, and the evidence that tells whether you need it (arXiv 2505.00661)."""

__version__ = "0.1.0"
