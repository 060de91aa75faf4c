"""The ledger: what a result file is, how it is read, checked and aggregated. Torch-free. Start with ``schema.py``."""
