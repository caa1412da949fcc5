"""One module per metric; each registers itself (`serenade.evaluation.metric`)."""
