# SPDX-License-Identifier: GPL-2.0-only
"""How Sphinx builds the manual of xmmu. docs/docs.mk calls it and says where the XML is."""

from pathlib import Path

project = "xmmu"
author = copyright = "the xmmu authors"
release = (Path(__file__).parent.parent / "VERSION").read_text().strip()
version = ".".join(release.split(".")[:2])

extensions = ["breathe", "myst_parser", "sphinx.ext.graphviz"]
graphviz_output_format = "svg"
root_doc = "index"
if tags.has("spelling"):  # docs/check gives it
    extensions.append("sphinxcontrib.spelling")
    spelling_lang = "en_GB"
    spelling_word_list_filename = "words.txt"
exclude_patterns = ["_build"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_heading_anchors = 3

# The API is C: names such as :c:func:`xmmu_walk_next` link without a prefix.
primary_domain = "c"
highlight_language = "c"
breathe_default_project = "xmmu"
breathe_domain_by_extension = {"h": "c"}
breathe_show_include = False
c_id_attributes = ["__must_check", "__user", "__iomem", "__rcu", "__always_unused"]
c_paren_attributes = ["__printf", "__acquires", "__releases", "__must_hold", "__aligned"]

# Every name that the API mentions must be in the manual, but for what belongs to C and the kernel.
nitpicky = True
nitpick_ignore_regex = [
    ("c:identifier", r"(?!xmmu).*"),
    ("c:type", r"(?!xmmu).*"),
]

html_theme = "furo"
html_title = f"xmmu {release}"
html_copy_source = False
html_css_files = ["xmmu.css"]
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
        "versions.html",
    ]
}
# Debian's furo looks for normalize.css at the root of the web server: docs/mend-theme.
html_static_path = ["_static", "/usr/share/javascript/normalize.css"]
