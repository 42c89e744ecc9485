"""The command tree as data."""
