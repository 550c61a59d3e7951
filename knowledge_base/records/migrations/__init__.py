"""How the tables came to be, one file a step; a step is never changed once it was published."""
