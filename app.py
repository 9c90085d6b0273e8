"""The page: `python app.py`, then open the address it names. `--help` lists what it takes."""

from __future__ import annotations

import os
import sys
import tempfile

if __name__ == "__main__":
    # Read by gradio when it is imported: no reports home, and uploads where only we can see them.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = uploads = tempfile.mkdtemp(prefix="beacon-qa-page-")
    from ui.start import main

    sys.exit(main(sys.argv[1:], uploads, os.environ.get("XDG_DATA_HOME")))
