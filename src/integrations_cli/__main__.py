"""Where the program starts: what must answer before anything is imported, then the command line, then a quick end."""

import sys


def main() -> int:
    """Run the command line that the process was started with, and give its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        return _version()

    import gc

    # Nearly everything that a start allocates stays until the end: looking for garbage in it is a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    try:
        code = _run()
    except KeyboardInterrupt:  # while the program was still being loaded
        code = 130
    _leave(code)
    return code


def _version() -> int:
    from . import __version__

    try:
        if sys.stdout is not None:
            sys.stdout.write(f"integrations {__version__}\n")
            sys.stdout.flush()
    except OSError:  # nobody can read it, and there is nothing else to say
        return 1
    return 0


def _run() -> int:
    if sys.argv[1:2] == ["__complete"]:
        from integrations_cli.commands.complete import complete

        return complete(sys.argv[2:])
    from .cli import run

    return run(sys.argv[1:])


def _leave(code: int) -> None:
    """End the process here, if everything is written and nothing else is at work.

    Taking hundreds of modules apart one by one, only for the system to take back all of the memory at once, would be a
    seventh of the time.
    """
    import atexit
    import os

    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return
    atexit._run_exitfuncs()  # noqa: SLF001  # what the interpreter itself does first
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = code or 1
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
