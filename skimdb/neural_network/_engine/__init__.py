"""The compiled training of the first version."""
