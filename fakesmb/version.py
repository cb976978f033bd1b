"""Which fakesmb this is: the one place that says it, read by the build, too."""

from typing import Final

__version__: Final = "1.0.0"
