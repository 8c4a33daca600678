"""The vectors, one Milvus collection a model; Milvus Lite's server and every Milvus since 2.3 through one client."""
