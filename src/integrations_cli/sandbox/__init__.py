"""The API inside the program."""
