"""Stores: SQL is the truth, Milvus an index of it, Redis a hint; one driver a module."""
