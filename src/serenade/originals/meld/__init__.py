"""The MELD notebooks: spectrogram arrays and pickles."""
