"""Texts to weights: full or LoRA, one path for every arm, thin over transformers Trainer and PEFT."""
