"""What every test can ask for. Fixtures live with the part they serve; this file only lists them."""

pytest_plugins = ["tests.engines.fixtures"]
