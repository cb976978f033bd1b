from conftest_vfs import lab, refuses

__all__ = ["lab", "refuses"]
