"""What the project costs, measured as paired ratios in one run on one server: see docs/bench.md."""
