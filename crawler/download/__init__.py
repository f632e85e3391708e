"""One HTTP exchange, byte for byte as it crossed the wire."""
