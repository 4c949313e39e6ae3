"""The rebuild of an index from the facts, and the proof that an index says what they say."""
