"""The outside: each port's real sides. Foreign exceptions become ours here, once."""
