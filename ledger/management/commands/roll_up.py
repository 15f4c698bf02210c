from django.core.management.base import BaseCommand
from django.db import connection


class Command(BaseCommand):
    help = "Roll up accounts with many new entries, as the worker does every five minutes."

    def add_arguments(self, parser):
        parser.add_argument("--min-tail", type=int, default=64, help="entries that make it worth")

    def handle(self, *, min_tail, **options):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_roll_up(%s)", [min_tail])
            self.stdout.write(f"Rolled up {cursor.fetchone()[0]} accounts.")
            cursor.execute("SELECT ledger_list_by_day(%s)", [min_tail])
