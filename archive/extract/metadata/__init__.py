"""Reads what a page says of its article besides the text: title, authors, section, tags, pictures, language, addresses."""
