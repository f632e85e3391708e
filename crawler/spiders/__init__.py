"""Hold the spiders: one for all news sites; what differs between sites is data in sites.toml."""
