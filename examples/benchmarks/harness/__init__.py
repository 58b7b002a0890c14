"""Shared parts of the benchmarks: measuring, new processes, tables, options."""
