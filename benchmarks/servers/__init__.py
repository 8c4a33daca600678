"""Servers for tests and benchmarks: the real ones, each a process of our own on loopback ports, its data below a given folder."""
