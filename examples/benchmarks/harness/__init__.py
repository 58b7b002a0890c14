"""What all benchmarks need: clocks, processes of their own, tables, options."""
