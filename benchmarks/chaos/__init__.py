"""Chaos: a load that goes on while everything it stands on is killed, again and again; nothing may be lost or doubled."""
