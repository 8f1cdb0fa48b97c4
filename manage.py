#!/usr/bin/env python
"""Django's command line for thumbsite."""

import os
import signal
import sys


def main() -> None:
    """Run one command."""
    if sys.argv[1:2] != ["shell"]:
        # Ctrl-C ends it at once and in silence, also among the imports; a command with more to do sets its own handler.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "thumbsite.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
