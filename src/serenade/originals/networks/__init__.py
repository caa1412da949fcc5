"""Networks of the published systems; the network registry imports them by name."""
