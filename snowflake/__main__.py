"""`python -m snowflake next | decode | at | audit | serve`. The commands are in `snowflake/cli/`."""

from snowflake.cli.commands import main

if __name__ == "__main__":
    main()
