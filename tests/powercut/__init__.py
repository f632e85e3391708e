"""Simulate power cuts: record a command's writes with strace, and check the disks that a power cut may leave."""
