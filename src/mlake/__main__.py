"""``python -m mlake``: the command line."""

from mlake.cli import main

if __name__ == "__main__":
    main()
