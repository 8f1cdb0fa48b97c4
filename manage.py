#!/usr/bin/env python
"""Django's command line for thumbsite."""

import os
import sys


def main() -> None:
    """Run one command; Ctrl-C ends it without a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "thumbsite.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells say of a command that ended by SIGINT


if __name__ == "__main__":
    main()
