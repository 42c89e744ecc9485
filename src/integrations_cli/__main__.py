"""Where the program starts: what must answer before anything is imported, then the command line."""

import sys


def main() -> int:
    """Run the command line that the process was started with, and give its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from . import __version__

        sys.stdout.write(f"integrations {__version__}\n")
        return 0
    try:
        from .cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was still being loaded
        return 130


if __name__ == "__main__":
    sys.exit(main())
