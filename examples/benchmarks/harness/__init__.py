"""Harness of the benchmarks."""
