"""What LinkedIn's client and the clients of the sources share of HTTP."""
