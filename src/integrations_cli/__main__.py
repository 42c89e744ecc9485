"""The entry point: a fast --version, the command line, and a quick exit."""

import sys


def main() -> int:
    """Run the command line of this process and return its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        return _version()

    import gc

    # Nearly everything allocated at start-up lives until the end; collecting garbage costs a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    try:
        code = _run()
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


def _run() -> int:
    if sys.argv[1:2] == ["__complete"]:
        from integrations_cli.commands.complete import complete

        return complete(sys.argv[2:])
    from integrations_cli.cli import run

    return run(sys.argv[1:])


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
