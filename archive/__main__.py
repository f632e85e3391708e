"""`python -m archive` is `warraq`."""

from archive.cli import main

if __name__ == "__main__":
    main()
