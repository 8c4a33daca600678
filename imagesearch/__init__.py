"""The core of the reverse image search: pictures, models and stores; it knows neither Ray nor a web framework."""
