"""The truth: add-log, pictures, sources and imports in one schema for SQLite, MySQL and MariaDB."""
