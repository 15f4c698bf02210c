"""Closing the month of a community: its figures are stored, and never change."""
