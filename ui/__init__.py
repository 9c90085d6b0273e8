"""The page: a shelf of books, conversations about them, and the evidence for what is said.

    page.py        layout only: three columns and their tabs
    states.py      what a browser remembers between events: ids and plain values
    library.py     which reader and which books a browser may use
    *_panel.py     one part of the page: what stands where; *_events.py: what it does
    start.py       arguments, and the settings of the server; look.py: the theme
    *.css          the looks; style.css has the colours and sizes that the others use

A panel is told of another book by `states.book.change`. Panels know a Library, never each other.
Only this package knows gradio.
"""
