-- The tables of the ledger. One book per community, minutes in bigint, zero-sum by construction:
-- a row of ledger_transfer is both sides of a movement, with both accounts' gapless sequence
-- numbers and both balances after it. Only ledger_balance is ever updated.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_web') THEN
        RAISE EXCEPTION 'the role timebank_web does not exist'
            USING HINT = 'Run deploy/roles.sql as a superuser, then migrate again.';
    END IF;
END
$$;

-- Within each community 1–16 are the stripes of issuance and 17–32 those of the public pool, so
-- that a community's writers do not queue on one row; members' accounts begin at 1001.
CREATE SEQUENCE ledger_account_number START 1001;

CREATE TABLE ledger_account (
    community_id bigint NOT NULL,
    id bigint NOT NULL,
    kind smallint NOT NULL,
    holder uuid,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_account_has_one_number PRIMARY KEY (community_id, id),
    CONSTRAINT ledger_account_is_in_a_book_of_an_area
        FOREIGN KEY (community_id) REFERENCES members_area (id),
    CONSTRAINT ledger_account_number_tells_its_kind CHECK (
        kind = 1 AND id > 1000 OR kind = 2 AND id BETWEEN 1 AND 16
        OR kind = 3 AND id BETWEEN 17 AND 32),
    CONSTRAINT ledger_account_of_a_member_has_a_holder CHECK ((kind = 1) = (holder IS NOT NULL))
);
CREATE UNIQUE INDEX ledger_account_of_a_member_is_one
    ON ledger_account (community_id, holder) WHERE kind = 1;

-- Apart from ledger_account, so that the key-share locks of foreign keys never meet its updates.
CREATE TABLE ledger_balance (
    community_id bigint NOT NULL,
    account_id bigint NOT NULL,
    posted bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0,
    floor bigint,
    ceiling bigint,
    frozen boolean NOT NULL DEFAULT false,
    CONSTRAINT ledger_balance_is_one_for_an_account PRIMARY KEY (community_id, account_id),
    CONSTRAINT ledger_balance_is_of_an_account
        FOREIGN KEY (community_id, account_id) REFERENCES ledger_account (community_id, id),
    CONSTRAINT ledger_balance_available_is_not_below_floor CHECK (posted - held >= floor),
    CONSTRAINT ledger_balance_posted_is_not_above_ceiling CHECK (posted <= ceiling),
    CONSTRAINT ledger_balance_held_is_not_negative CHECK (held >= 0)
) WITH (fillfactor = 50);

-- No foreign keys to the accounts: they cost a fifth of the throughput, and the functions post only
-- where they have updated a balance, which is an account's; verify_ledger looks for strangers.
CREATE TABLE ledger_transfer (
    community_id bigint NOT NULL,
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    journal uuid NOT NULL,
    leg smallint NOT NULL,
    kind smallint NOT NULL,
    debit bigint NOT NULL,
    debit_seq bigint NOT NULL,
    debit_after bigint NOT NULL,
    credit bigint NOT NULL,
    credit_seq bigint NOT NULL,
    credit_after bigint NOT NULL,
    amount bigint NOT NULL,
    effective_on date NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor bigint NOT NULL,
    approver bigint,
    policy bigint,
    reverses bigint,
    CONSTRAINT ledger_transfer_has_one_id PRIMARY KEY (community_id, id),
    CONSTRAINT ledger_transfer_debit_seq_is_taken_once UNIQUE (community_id, debit, debit_seq),
    CONSTRAINT ledger_transfer_credit_seq_is_taken_once UNIQUE (community_id, credit, credit_seq),
    CONSTRAINT ledger_transfer_reverses_a_transfer
        FOREIGN KEY (community_id, reverses) REFERENCES ledger_transfer (community_id, id),
    CONSTRAINT ledger_transfer_moves_between_two_accounts CHECK (debit <> credit),
    CONSTRAINT ledger_transfer_amount_is_positive CHECK (amount > 0),
    CONSTRAINT ledger_transfer_approver_is_not_the_author CHECK (approver <> actor),
    CONSTRAINT ledger_transfer_only_a_reversal_reverses CHECK ((kind = 5) = (reverses IS NOT NULL))
);
CREATE UNIQUE INDEX ledger_transfer_is_reversed_once
    ON ledger_transfer (community_id, reverses) WHERE reverses IS NOT NULL;
-- Made last, because among indexes that look equally good on an empty table the planner takes the
-- youngest: a plan made then and kept by a connection would else read the whole book for a key.
ALTER TABLE ledger_transfer ADD CONSTRAINT ledger_transfer_leg_of_a_journal_is_posted_once
    UNIQUE (community_id, journal, leg);

-- A key whose posting was refused stays refused, so that a resend never succeeds by surprise.
CREATE TABLE ledger_refusal (
    community_id bigint NOT NULL,
    journal uuid NOT NULL,
    code text NOT NULL,
    content jsonb NOT NULL,
    actor bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_refusal_is_one_for_a_journal PRIMARY KEY (community_id, journal),
    CONSTRAINT ledger_refusal_code_is_known CHECK (
        code IN ('floor', 'ceiling', 'frozen', 'missing_account', 'already_reversed'))
);

-- What sealing will drain: transfers by the transaction that wrote them.
CREATE TABLE ledger_unsealed (
    community_id bigint NOT NULL,
    transfer_id bigint NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT ledger_unsealed_is_one_for_a_transfer PRIMARY KEY (transfer_id)
);

-- Every value that an account's limits have had; the first row, without an actor, is its opening.
CREATE TABLE ledger_limit_change (
    community_id bigint NOT NULL,
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    account_id bigint NOT NULL,
    floor bigint,
    ceiling bigint,
    frozen boolean NOT NULL,
    actor bigint,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_limit_change_has_one_id PRIMARY KEY (community_id, id),
    CONSTRAINT ledger_limit_change_is_of_an_account
        FOREIGN KEY (community_id, account_id) REFERENCES ledger_account (community_id, id)
);
CREATE INDEX ledger_limit_change_by_account ON ledger_limit_change (community_id, account_id, id);

CREATE VIEW ledger_entry AS
    SELECT community_id, debit AS account_id, debit_seq AS seq, -amount AS amount,
        debit_after AS balance_after, id AS transfer_id, journal, leg, kind, effective_on,
        recorded_at, reverses
    FROM ledger_transfer
    UNION ALL
    SELECT community_id, credit, credit_seq, amount, credit_after, id, journal, leg, kind,
        effective_on, recorded_at, reverses
    FROM ledger_transfer;
