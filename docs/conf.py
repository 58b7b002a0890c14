"""The site of skimdb: ``sphinx-build -W -b html docs docs/_build/html``.

It is built offline; only links that a reader follows lead elsewhere.
"""

import sys
from pathlib import Path

import matplotlib as mpl

sys.path.insert(0, str(Path(__file__).parent))

import gallery_order

import skimdb

mpl.use("agg")  # draws without a screen

project = "skimdb"
author = "The skimdb developers"
copyright = author  # noqa: A001
release = version = skimdb.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

# A name in single backticks is a link if it is ours, and otherwise code.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!skimdb).*")]
nitpick_ignore = [("std:term", "fit")]  # in a docstring of scikit-learn

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"  # the column of contents is narrow
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_theme = "pydata_sphinx_theme"
html_title = "skimdb"
html_static_path = ["_static"]
html_css_files = ["skimdb.css"]
html_favicon = html_logo = "_static/favicon.svg"
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {
    "index": [],
    "getting_started": [],
    "faq": [],
    "api/index": [],
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "logo": {"text": "skimdb"},
    "navbar_start": ["navbar-logo", "version"],
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["version", "sphinx-version"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/(plot_|imdb_notebook)",
    "ignore_pattern": r"(^|/)(?!plot_|imdb_notebook)[^/]*$",
    "nested_sections": False,
    "within_subsection_order": "gallery_order.find_place",
    "doc_module": ("skimdb",),
    "reference_url": {"skimdb": None},
    "backreferences_dir": "api/backreferences",
    "remove_config_comments": True,
    "image_srcset": ["2x"],  # sharp on fine screens
    "show_memory": False,
    "write_computation_times": False,  # its page loads scripts from other sites
    "show_signature": False,
    "download_all_examples": False,
    "abort_on_example_error": True,
}


def leave_out_folders(app):
    """Do not mistake a folder with a README.md for a gallery."""
    app.config.sphinx_gallery_conf["source_suffix"] = {".rst": "restructuredtext"}


def setup(app):
    """Run before sphinx-gallery looks for its folders."""
    app.connect("builder-inited", leave_out_folders, priority=400)
    app.connect("source-read", gallery_order.add_sections)
