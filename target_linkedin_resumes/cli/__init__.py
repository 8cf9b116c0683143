"""The operator's commands between two runs: `-ledger` and `-receipt`."""
