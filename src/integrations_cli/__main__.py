"""The entry point: a fast --version, the command line, and a quick exit."""

import sys


def main() -> int:
    """Run the command line of this process and return its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        return _version()

    import gc

    # Nearly everything allocated at start-up lives until the end; collecting garbage costs a tenth of the time.
    gc.set_threshold(1_000_000, 20, 20)
    try:
        if arguments[:1] == ["__complete"]:
            from integrations_cli.commands.complete import complete

            code = complete(arguments[1:])
        else:
            from integrations_cli.cli import run

            code = run(arguments)
    except KeyboardInterrupt:  # while modules were still loading
        code = 130
    _leave(code)
    return code


def _version() -> int:
    from integrations_cli import __version__

    try:
        if sys.stdout is not None:
            sys.stdout.write(f"integrations {__version__}\n")
            sys.stdout.flush()
    except OSError:
        return 1
    return 0


def _leave(code: int) -> None:
    """End the process at once, if all output is written and no other thread is running.

    The interpreter would tear down hundreds of modules first, which takes a seventh of the run time.
    """
    import atexit
    import os

    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return
    atexit._run_exitfuncs()  # noqa: SLF001  # as the interpreter does
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = code or 1
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
