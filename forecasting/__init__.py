"""What a series will do next, capacity, and the outlook of error budgets. Nothing is here yet."""
