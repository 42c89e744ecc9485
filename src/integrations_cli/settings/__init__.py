"""Resolve settings from flags, the environment and the settings file."""
