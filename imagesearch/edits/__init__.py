"""Edited copies of pictures, by name and strength: what search quality is measured on, and learned from."""
