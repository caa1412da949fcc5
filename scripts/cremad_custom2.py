#!/usr/bin/env python3
"""Drop-in for the original `cremad_custom2.py`, without flags; see `serenade.originals.cremad.trainer`.

cremad_custom2.py [--input_dir cremad_mels] [--output_dir cremad_custom2] [--epochs N]
                  [--split {speaker,file}] [--seed 42]
"""

import sys

from serenade.originals.cremad.trainer import main

if __name__ == "__main__":
    sys.exit(main())
