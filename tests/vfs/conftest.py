from tests.vfs.lab import lab, refuses

__all__ = ["lab", "refuses"]
