"""Commands of the ledger, one file each; registered in ``submissions/cli.py``."""
