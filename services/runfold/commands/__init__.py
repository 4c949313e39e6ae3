"""The command line: one file per group of commands. They talk to people, and leave the work to others."""
