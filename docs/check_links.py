"""Check the links within the built site.

    python docs/check_links.py docs/_build/html

Prints the broken links. The exit status is 1 if there are any. Links to other sites are
not checked.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Record the links and the anchor of a tag."""
        attrs = dict(attrs)
        self.links += [attrs[name] for name in ("href", "src") if attrs.get(name)]
        self.anchors |= {attrs[name] for name in ("id", "name") if attrs.get(name)}


def find_broken(root):
    """Yield (page, link) for each broken link within the site.

    Parameters
    ----------
    root : Path
        Folder of the built site.
    """
    paths = [
        path for path in sorted(root.rglob("*.html")) if "_static" not in path.parts
    ]
    pages = {path.resolve(): Page(path) for path in paths}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            is_there = target.is_file()
            if is_there and target in pages:
                is_there = unquote(parts.fragment) in pages[target].anchors
            if not is_there:
                yield path.relative_to(root.resolve()), link


def main():
    root = Path(sys.argv[1])
    broken = list(find_broken(root))
    for page, link in broken:
        print(f"{page}: {link}")
    print(f"{len(broken)} broken links")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
