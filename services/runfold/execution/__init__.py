"""What happens: claims, facts, and the executions they fold into. Pure: no I/O, clock, randomness or threads."""
