"""Getting hold of a resume's bytes. Knows neither Singer nor LinkedIn."""
