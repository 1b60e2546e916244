"""What every test can ask for. Fixtures live with the part they serve; this file only lists them."""

pytest_plugins = ["tests.engines.fixtures", "tests.engines.side_by_side"]

SHORT = 40


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long or compressed bytes are named by their argument: gzip writes the time into them, so that two processes which
    run the tests side by side would not agree what a test is called."""
    unstable = isinstance(val, bytes) and (len(val) > SHORT or val[:2] == b"\x1f\x8b")
    return argname if unstable else None
