from pathlib import Path

from django.db import migrations

HERE = Path(__file__)
VERSIONS = HERE.with_name("0018_policy_versions.sql").read_text()
BEFORE = """
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_is_sound,
    ADD CONSTRAINT ledger_transfer_moves_between_two_accounts CHECK (debit <> credit),
    ADD CONSTRAINT ledger_transfer_amount_is_positive CHECK (amount > 0),
    ADD CONSTRAINT ledger_transfer_approver_is_not_the_author CHECK (approver <> actor),
    ADD CONSTRAINT ledger_transfer_only_a_reversal_reverses CHECK (
        (kind = 5) = (reverses IS NOT NULL)),
    ADD CONSTRAINT ledger_transfer_relates_to_an_earlier_day CHECK (relates_to < effective_on),
    ADD CONSTRAINT ledger_transfer_given_hours_are_not_given_on CHECK (
        debit <= 1000000000000 OR kind IN (5, 9, 11, 13) OR kind = 6 AND credit <= 16
        OR kind = 15 AND credit > 1000000000000),
    ADD CONSTRAINT ledger_transfer_joins_accounts_of_one_source CHECK (
        kind <> 15 OR debit > 1000 AND credit > 1000
            AND (debit > 1000000000000) = (credit > 1000000000000));
ALTER TABLE ledger_balance
    DROP CONSTRAINT ledger_balance_is_sound,
    ADD CONSTRAINT ledger_balance_available_is_not_below_floor CHECK (posted - held >= floor),
    ADD CONSTRAINT ledger_balance_posted_is_not_above_ceiling CHECK (posted <= ceiling),
    ADD CONSTRAINT ledger_balance_held_is_not_negative CHECK (held >= 0);
DROP FUNCTION ledger_transfer_is_sound, ledger_balance_is_sound, ledger_policy_id_in_force;
""" + VERSIONS[VERSIONS.index("CREATE OR REPLACE") : VERSIONS.index("$$;") + 3]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0051_asked_by_an_agent")]
    operations = [migrations.RunSQL(HERE.with_suffix(".sql").read_text(), BEFORE)]
