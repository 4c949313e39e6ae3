"""The routes, one router per noun. They hand over, nothing else."""
