"""Whole environments as files."""
