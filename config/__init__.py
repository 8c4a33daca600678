"""Settings: typed, frozen sections, read once by a composition root from a YAML profile and the environment."""

from config.settings import Settings, load_settings

__all__ = ["Settings", "load_settings"]
