"""`python -m serenade` runs the command `serenade`."""

from serenade.cli.main import main

if __name__ == "__main__":
    main()
