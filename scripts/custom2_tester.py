#!/usr/bin/env python3
"""Drop-in for the original `custom2_tester.py`; see `serenade.originals.cremad.tester`.

custom2_tester.py --input_dir WAVS --model_path cremad_custom2/best_model.pth
                  [--output_dir classification_results] [--max_width 191] [--cpu] [--visualize]
                  [--padding {zeros,reflect}]
"""

import sys

from serenade.originals.cremad.tester import main

if __name__ == "__main__":
    sys.exit(main())
