"""An OpenAI-compatible server over books: what is uploaded is read once, and asked as a model.

    service     all that requests share, from its start to its end
    library     whose shelf a key opens, and the books on it
    uploads     what was uploaded, on disk; files: its way to a book
    bodies      requests as values; asking: which book, messages and settings they mean
    call        one answer, told in a thread; line: who is answered and who waits
    telling     answers in OpenAI's shapes; refusals: errors in them; metrics: Prometheus'
    gate        who is let in, and how much may be sent
    about, chat, file_routes    the routes; app: all of them; running: at an address

Knows HTTP; the rest of the program does not.
"""
