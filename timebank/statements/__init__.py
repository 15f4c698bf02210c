"""Statements of time accounts: on the screen, printed, as files, for a whole community."""
