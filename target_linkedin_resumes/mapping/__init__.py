"""From a tap's names to this target's: the settings `fields` and `only`. Pure."""
