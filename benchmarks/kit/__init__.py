"""What the benchmarks share: the backbone that they time, clocks and peaks of memory, and the report."""
