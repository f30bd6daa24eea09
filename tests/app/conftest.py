"""The sample program is a project of its own: its imports start in ``app/``."""

import sys
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
sys.path.insert(0, str(APP))
