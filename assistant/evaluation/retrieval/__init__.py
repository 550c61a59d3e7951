"""How well the knowledge base finds what it holds, measured on questions whose right answers are known."""
