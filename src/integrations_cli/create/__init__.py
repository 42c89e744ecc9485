"""From flags, files and prompts to exactly one integration."""
