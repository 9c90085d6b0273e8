"""The commands of the command line, one a room: `add_arguments(parser)` and `run(args, terminal)`.

What they have in common is in options, session, progress, interrupt and terminal.
"""
