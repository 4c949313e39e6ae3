"""What an author writes: the flow's model, its parsing and validation, inputs, expressions. Pure."""
