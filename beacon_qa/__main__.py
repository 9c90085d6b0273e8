"""`python -m beacon_qa` is the command line."""

import sys

from beacon_qa.cli import main

if __name__ == "__main__":
    sys.exit(main())
