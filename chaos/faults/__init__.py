"""Faults, one file each: an action that applies it, one that takes it back, and a probe that tells which is true.

They are called by Chaos Toolkit experiments as Python providers, and find the sandbox by the variable
FIREDRILL_SANDBOX. Arguments are checked before anything is touched; taking back what was never applied does no harm.
Each gives facts as plain data, for the experiment's journal.
"""
