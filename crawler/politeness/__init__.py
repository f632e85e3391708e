"""Pace per host, and robots.txt."""
