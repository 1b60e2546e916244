"""The sections of the settings that name something outside this process, a file each. Assembled by `spiderduck.config`."""
