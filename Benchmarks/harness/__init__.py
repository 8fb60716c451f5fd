"""Measures the worker and what people would write instead of it, side by side."""
