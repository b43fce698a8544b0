"""`python -m firth` is `firth`."""

from firth.cli.main import entry

if __name__ == "__main__":
    entry()
