"""The form that all commands have: their help, and how mistakes in their arguments are told."""
