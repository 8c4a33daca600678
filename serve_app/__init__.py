"""Online: the FastAPI search ingress and the autoscaled embedder, as one Ray Serve application."""
