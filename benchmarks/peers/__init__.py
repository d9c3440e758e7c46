"""callcue next to other streaming servers on the same weights, calls and machine (benchmarks/README.md)."""
