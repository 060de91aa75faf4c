"""Transcripts in the released form → the DeEscalWild dataset. Start with ``build.py``."""

BENCHMARK_VERSION = "1.4.0"
"""Version of the benchmark's data rules. Any change that moves an item or a score bumps it (CHANGELOG.md)."""
