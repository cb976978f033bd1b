"""How Sphinx makes the site of docs/: `make site`. A page is added by a line in index.md."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent / "_ext")]

project = "fakesmb"
author = "the authors of fakesmb"
from fakesmb.version import __version__ as version  # noqa: E402  # of this copy of the source

release = version

extensions = ["myst_parser", "sphinx.ext.autodoc", "repository", "apidirectives"]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown"}
root_doc = "index"
myst_heading_anchors = 4  # as a repository's page has them
myst_links_external_new_tab = False
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # annotations name types that have no page
autoclass_content = "both"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
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
