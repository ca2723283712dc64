"""The SQL of each slice, one text for both engines."""
