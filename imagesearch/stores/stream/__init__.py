"""The stream that tells loaders of new rows of the add-log; a hint, as Redis is: the add-log alone decides what is loaded."""
