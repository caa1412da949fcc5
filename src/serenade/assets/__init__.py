"""Files that travel in the wheel: the recipe of the demo."""
