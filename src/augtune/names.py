"""The names that a study may use: what exists, without importing it."""

ARMS = ("base", "icl", "finetune", "augmented", "oracle")
BENCHMARKS = ("people", "process", "reversal-curse", "reversals", "semantic", "syllogisms")
MATCHES = ("text", "algebra")  # how a written answer is compared with the right one
STRATEGIES = ("rephrase", "reverse")
