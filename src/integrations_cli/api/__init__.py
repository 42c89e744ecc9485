"""The API of the server: its endpoints, when a request is sent again, and how it is sent."""
