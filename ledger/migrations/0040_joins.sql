-- Kind 15: hours of two records of one person, joined. What was given to somebody stays what cannot
-- be given on: a join leads from an account to one of the same source, never out of it.
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_given_hours_are_not_given_on;
ALTER TABLE ledger_transfer
    ADD CONSTRAINT ledger_transfer_given_hours_are_not_given_on CHECK (
        debit <= 1000000000000 OR kind IN (5, 9, 11, 13) OR kind = 6 AND credit <= 16
        OR kind = 15 AND credit > 1000000000000),
    ADD CONSTRAINT ledger_transfer_joins_accounts_of_one_source CHECK (
        kind <> 15 OR debit > 1000 AND credit > 1000
            AND (debit > 1000000000000) = (credit > 1000000000000));
