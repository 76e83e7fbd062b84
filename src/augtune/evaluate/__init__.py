"""Questions to predictions: each arm is asked the same questions and scored in the same way."""
