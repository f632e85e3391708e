"""Responses to articles, links and reasons, in worker processes."""
