"""Loading the same pictures in every way: at the machine's limit, by this project, and by the loader that it replaces."""
