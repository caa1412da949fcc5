"""Sound to arrays: decoding, log-mel, changes, speech. No torch, no pandas, no scipy."""
