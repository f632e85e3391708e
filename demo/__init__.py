"""An invented news site served on loopback: the newcomer's first crawl, the ground truth of the end-to-end test."""
