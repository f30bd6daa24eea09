"""``python -m ops``."""

import sys

from ops.app import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
