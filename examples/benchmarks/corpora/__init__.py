"""Texts with labels that many machines have."""
