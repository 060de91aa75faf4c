"""The ``deescalwild`` command: one sub-command per package, each importing what it needs when it runs."""
