"""Map a tap's records to this target's fields: the settings `fields` and `only`. Pure."""
