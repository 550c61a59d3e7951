"""What the releases changed that turned out to be broken: one file each, with the code that shipped."""
