"""The sub-commands of ``deescalwild data``, one a file."""
