"""The benchmark of scaling: sizes, tasks, sections of the page."""
