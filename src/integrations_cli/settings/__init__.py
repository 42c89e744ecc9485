"""Profiles, the environment and the settings file."""
