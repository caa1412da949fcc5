"""The two published systems, faithful to their files: CREMA-D scripts and MELD notebooks."""
