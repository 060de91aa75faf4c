"""Ledger → Gradio Space. Imports ``submissions`` only; never torch, never ``eval_harness``. Start with ``app.py``."""
