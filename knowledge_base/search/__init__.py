"""Finding the entries that are like what is happening, and saying why."""
