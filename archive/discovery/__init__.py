"""What a site announces and where its pages lead: feeds, sitemaps, the shape of addresses; bytes in, values out."""
