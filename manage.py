#!/usr/bin/env python
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
    from django.core.management import execute_from_command_line

    from timebank import database

    if len(sys.argv) > 1 and sys.argv[1] not in database.COMMANDS_WITHOUT_DATABASE:
        database.ensure_running()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
