"""Audio files to arrays: decoding, log-mel, effects, voice activity. No torch, no pandas, no scipy."""
