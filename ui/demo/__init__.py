"""The whole story in one command: start everything, a quiet run, five drills, the table, the chat."""
