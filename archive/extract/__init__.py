"""Bytes to Article; written by the text room."""
