"""Read what a page says about its article apart from the text: title, authors, section, tags, pictures, language, URLs."""
