"""Bulk imports: folders, globs, S3 prefixes, tables and archives of pictures become add requests, a batch at a time."""
