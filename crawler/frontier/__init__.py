"""The frontier of one site: what is due, what is in scope, and when a URL is due again."""
