"""What readers see: documents, how they are made from snapshots, and how they are asked for. Pure."""
