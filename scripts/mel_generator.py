#!/usr/bin/env python3
"""Drop-in for the original `mel_generator.py`; see `serenade.originals.cremad.generator`.

mel_generator.py --input_dir AudioWAV --output_dir cremad_mels [--no_augment] [--n_augmentations 3]
"""

import sys

from serenade.originals.cremad.generator import main

if __name__ == "__main__":
    sys.exit(main())
