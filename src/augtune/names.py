"""The names that a study may use: what exists, without importing it."""

ARMS = ("base", "icl", "finetune", "augmented", "oracle")
BENCHMARKS = ("people", "reversal-curse", "reversals")
STRATEGIES = ("rephrase", "reverse")
