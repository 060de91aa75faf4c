"""Commands with a file of their own, one function each; registered in ``deescalwild_cli/main.py``."""
