"""Two engines of Ray for one load: plain actors, which the product runs on, and Ray Data, which lives only here."""
