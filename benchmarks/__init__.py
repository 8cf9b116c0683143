"""How fast the target is, beside a plain peer and a bare client loop, against one cheap server."""
