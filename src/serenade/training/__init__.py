"""A recipe and a store become a run folder, and a run an evaluation; Fabric and torch beneath."""
