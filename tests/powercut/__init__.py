"""Power cuts: what a command writes is recorded with strace, and the disks that a cut may leave are looked at."""
