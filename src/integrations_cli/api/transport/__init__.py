"""How one request is sent and one response is received."""
