"""Reading a paper back: its words, and what its file says of itself."""

import io

from pypdf import PdfReader


def words(paper):
    """The text of all pages, each run of white space as one space."""
    pages = PdfReader(io.BytesIO(paper)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def letters(paper):
    """The text without any white space, so that no line break stands in a word."""
    return words(paper).replace(" ", "")


def about(paper):
    """The file's own description, as XML."""
    return PdfReader(io.BytesIO(paper)).trailer["/Root"]["/Metadata"].get_data().decode()


def structure(paper):
    """The kinds of the elements that a screen reader meets, in their order."""
    kinds = []

    def walk(element):
        if not hasattr(element, "get"):
            return
        if "/S" in element:
            kinds.append(str(element["/S"]).strip("/"))
        children = element.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            walk(child.get_object() if hasattr(child, "get_object") else child)

    walk(PdfReader(io.BytesIO(paper)).trailer["/Root"]["/StructTreeRoot"])
    return kinds
