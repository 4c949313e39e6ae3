"""The executor: folds claims into facts, and writes what follows from them."""
