"""The commands, one module a verb, as in `--help`."""
