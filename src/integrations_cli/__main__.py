"""Where the program starts: what must answer before anything is imported, then the command line."""

import sys


def main() -> int:
    """Run the command line that the process was started with, and give its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from . import __version__

        sys.stdout.write(f"integrations {__version__}\n")
        return 0
    if sys.argv[1:2] == ["__complete"]:
        return _complete()
    try:
        from .cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was still being loaded
        return 130


def _complete() -> int:
    """Answer a TAB."""
    import os

    from .completion import answer

    lines = answer(sys.argv[2:], os.environ)
    try:
        sys.stdout.buffer.write(lines.encode("utf-8", "replace"))
        sys.stdout.flush()
    except OSError:  # the shell has stopped listening
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
