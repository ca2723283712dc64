"""The ports: what the core asks of the world around it. Each file holds the port of one slice."""
