"""Sites: their entries in sites.toml, and how an entry is made for a new one."""
