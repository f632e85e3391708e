"""`python -m warraq` is `warraq`."""

from archive.cli import main

if __name__ == "__main__":
    main()
