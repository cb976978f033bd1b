"""What the command `serve` does: arguments become a configuration, and a process serves until it is told to end."""
