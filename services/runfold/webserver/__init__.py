"""The REST API: answers from the index and the live tail of the topics, writes claims and flows."""
