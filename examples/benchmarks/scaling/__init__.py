"""The benchmark of scaling: sizes, tasks, tables."""
