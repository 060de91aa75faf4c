from deescalwild_cli.main import run

run()
