"""The only writer of an archive: captures, imports, and what was parsed from them."""
