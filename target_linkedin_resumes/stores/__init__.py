"""What is written down about a run: ledger, audit log, dead letters, full tables."""
