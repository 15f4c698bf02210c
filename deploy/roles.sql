-- The roles of the database; run once by a superuser, harmless when run again.
-- timebank_owner owns every table and runs the migrations.
-- timebank_web is what the application connects as: it reads the ledger and may post to it
-- through its functions, and cannot change one row of it in any other way.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_owner') THEN
        CREATE ROLE timebank_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_web') THEN
        CREATE ROLE timebank_web LOGIN;
    END IF;
END
$$;
ALTER DEFAULT PRIVILEGES FOR ROLE timebank_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO timebank_web;
ALTER DEFAULT PRIVILEGES FOR ROLE timebank_owner
    GRANT USAGE, SELECT ON SEQUENCES TO timebank_web;
ALTER DEFAULT PRIVILEGES FOR ROLE timebank_owner
    REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE timebank_owner
    GRANT EXECUTE ON FUNCTIONS TO timebank_web;
