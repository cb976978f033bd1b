"""Run while the image is built: compiles what `fakesmb` loads, as far as that lies in the folder of the argument.

The user of the image may not write bytecode, and without it a start takes three times as long. It is run for our own
environment, and for Python's library, of which the images of Python have no bytecode. What never loads stays as it is.
"""

import compileall
import importlib
import pkgutil
import sys
from py_compile import PycInvalidationMode

import fakesmb

OF_OTHER_PROGRAMS = ("__main__", "pytest")
"""Modules whose import starts something, or needs what the image does not have."""


def main(folder: str) -> None:
    """Imports all modules of the package; an import that fails fails the build."""
    for module in pkgutil.walk_packages(fakesmb.__path__, "fakesmb."):
        if not module.name.rpartition(".")[2].startswith(OF_OTHER_PROGRAMS):
            importlib.import_module(module.name)
    import twisted.internet.reactor  # noqa: F401, TID251  (what Twisted loads with it is compiled, too)

    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for file in sorted(
        file for file in files if file and file.startswith(f"{folder}/") and file.endswith(".py")
    ):
        if not compileall.compile_file(file, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH):
            sys.exit(f"{file} does not compile")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
