"""Singer messages: lines, BATCH files, and the configuration files that come with them."""
