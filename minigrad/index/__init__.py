"""The small language of index notation, and what the rows mean in it."""
