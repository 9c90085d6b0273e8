"""Speed and memory, measured side by side in one run and reported as ratios.

`python -m benchmarks.run --out docs/benchmarks`. Imports the package; the package never imports
this.
"""
