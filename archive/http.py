"""Reads the exact bytes of an HTTP/1 message: head, body, transfer and content coding, each bounded; bytes in, values out."""
