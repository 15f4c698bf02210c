"""Two records of one person made one: seen side by side, decided by two, and taken back."""
