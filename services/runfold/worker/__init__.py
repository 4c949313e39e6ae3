"""The worker: runs attempts of tasks, and reports what became of them."""
