"""The pages of eligibility: they join what members say with the hours of the ledger."""
