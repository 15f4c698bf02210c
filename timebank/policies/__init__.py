"""Versions of the rules: their history, what changed, and what a new one would have changed."""
