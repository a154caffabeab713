"""Other people's environments as worlds: one module each, imported only when one of its worlds is asked for by name."""
