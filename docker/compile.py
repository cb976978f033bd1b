"""Run while the image is built: compiles `fakesmb` and what it loads of other packages, in its own environment.

The user of the image may not write bytecode, and without it a start takes twice as long. What never loads stays as
it is.
"""

import compileall
import importlib
import pkgutil
import sys
from py_compile import PycInvalidationMode

import fakesmb

OF_OTHER_PROGRAMS = ("__main__", "pytest")
"""Modules whose import starts something, or needs what the image does not have."""


def main() -> None:
    """Imports all modules of the package; an import that fails fails the build."""
    for module in pkgutil.walk_packages(fakesmb.__path__, "fakesmb."):
        if not module.name.rpartition(".")[2].startswith(OF_OTHER_PROGRAMS):
            importlib.import_module(module.name)
    import twisted.internet.reactor  # noqa: F401, TID251  (what Twisted loads with it is compiled, too)

    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for file in sorted(
        file for file in files if file and file.startswith(sys.prefix) and file.endswith(".py")
    ):
        if not compileall.compile_file(file, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH):
            sys.exit(f"{file} does not compile")
    compileall.compile_dir(fakesmb.__path__[0], quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


if __name__ == "__main__":
    main()
