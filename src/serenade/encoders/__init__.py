"""Pretrained encoders, by folder or by name on the Hugging Face hub."""
