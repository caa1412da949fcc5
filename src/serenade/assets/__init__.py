"""Files in the wheel: recipes, and the model for voice activity detection with its licence."""
