"""Benchmarks: programs that measure what the product does, on data that takes time or space to make."""
