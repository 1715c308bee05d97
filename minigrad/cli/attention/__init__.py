"""``minigrad attention``, the main job: what it does, what it says, what it writes."""
