"""What LinkedIn does not take, made into what it takes: the setting `convert`."""
