from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's migrate, as the owner of the tables: the web role may not change them."""

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
