"""The embedded stack; a package, so that one stack serves all of its tests and ends with the last of them."""
