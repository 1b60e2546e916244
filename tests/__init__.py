"""The project's tests. A real package, so that an installed distribution's stray `tests` folder never hides ours."""
