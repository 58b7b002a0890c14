"""Helpers of the IMDB study."""
