"""The `imagesearch` command and the embedded stack that it starts on a laptop."""
