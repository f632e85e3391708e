"""A made-up news site on loopback, for a first crawl (`make demo`) and for the end-to-end tests, which know its articles."""
