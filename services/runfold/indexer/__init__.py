"""The indexer: what happened becomes searchable."""
