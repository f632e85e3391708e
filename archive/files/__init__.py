"""Files on disk: durable replacement and locks."""
