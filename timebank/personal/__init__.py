"""All that is held of one person, wherever it lies: a copy of it, its erasure, its joining."""
