"""What a table of spans says: how they hang together, whom they call, how often they fail, how long they take."""
