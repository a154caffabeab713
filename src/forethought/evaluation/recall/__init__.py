"""How well what was said is recalled: generated conversations, ways to read them, and other people's files."""
