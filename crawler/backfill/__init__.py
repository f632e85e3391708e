"""Fills an archive with what others captured: from CDX servers, and from the files of CC-NEWS."""
