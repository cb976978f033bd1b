"""How Sphinx makes the site of docs/: `make site`. A page is added by a line in index.md."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent / "_ext")]

project = "fakesmb"
author = "the authors of fakesmb"
version = release = version_of("fakesmb")

extensions = ["myst_parser", "sphinx.ext.autodoc", "repository"]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown"}
root_doc = "index"
myst_heading_anchors = 4  # as a repository's page has them
myst_links_external_new_tab = False
nitpicky = True
highlight_language = "none"

html_theme = "furo"
html_title = f"fakesmb {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = True
html_theme_options = {"navigation_with_keys": True}
