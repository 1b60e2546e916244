"""`spiderduck` and `python -m spiderduck`: see `cli/`."""

from spiderduck.cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
