"""A command-line tool that creates and keeps Novu integrations."""

__version__ = "0.1.0"
