"""Tables of the other ledgers, and as many accounts as a fair race needs."""

import django

from bench.theirs import worker

COUNT = 50


def main():
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for fill in (hordak, django_ledger):
        fill()


def hordak():
    from hordak.models import Account

    for n in range(COUNT):
        Account.objects.create(name=f"account {n}", code=f"{n:03}", type="LI", currencies=["EUR"])


def django_ledger():
    from django.contrib.auth import get_user_model
    from django_ledger.io import roles
    from django_ledger.models import EntityModel

    admin = get_user_model().objects.create(username="bench")
    entity = EntityModel.create_entity(
        name="bench", use_accrual_method=True, admin=admin, fy_start_month=1
    )
    chart = entity.create_chart_of_accounts(coa_name="bench", commit=True, assign_as_default=True)
    for n in range(COUNT):
        entity.create_account(
            code=f"{2000 + n}",
            name=f"account {n}",
            role=roles.LIABILITY_CL_ACC_PAYABLE,
            balance_type="credit",
            active=True,
            coa_model=chart,
        )
    entity.create_ledger(name="bench", posted=True)
    # Its row of journal numbers comes with the first entry, which several cannot post at once.
    _, post = worker.django_ledger()
    post(0, 1)


if __name__ == "__main__":
    main()
