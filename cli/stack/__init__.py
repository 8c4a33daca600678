"""The embedded stack: redis-server, Milvus Lite, one Ray node and the service, as processes of this machine's own."""
