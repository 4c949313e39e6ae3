"""
Runfold: an event-sourced streaming workflow engine.

Requests become claims, claims become facts, facts fold into executions and task runs,
and those become documents that people search. The folders stand in that order:
`flows` (what an author writes), `execution` (what happens), `documents` (what readers
see), `adapters` (Kafka, Elasticsearch, SQLite), then the services.
"""

__version__ = "0.1.0"
