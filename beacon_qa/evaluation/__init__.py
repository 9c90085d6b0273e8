"""How well a model remembers: questions about planted facts, and loss by length of text read."""
