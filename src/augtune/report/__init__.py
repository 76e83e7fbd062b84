"""Predictions and usage to evidence: statistics, costs, verdict, pages. Reads records and writes; runs no model."""
