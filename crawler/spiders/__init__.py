"""Define the spiders: one for all news sites; sites.toml has the differences between sites."""
