"""The routes by noun, plain functions over the services."""
