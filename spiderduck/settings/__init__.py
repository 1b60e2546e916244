"""The sections of the settings that name something outside this process. Assembled by `spiderduck.config`."""
