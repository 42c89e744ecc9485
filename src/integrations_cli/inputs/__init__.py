"""What users write: credential values, JSON and TOML."""
