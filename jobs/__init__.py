"""Bulk work: Ray jobs that read the add-log, embed pictures and load them into Milvus."""
