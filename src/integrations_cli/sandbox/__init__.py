"""The API of integrations inside the program, on SQLite."""
