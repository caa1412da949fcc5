"""`serenade models`: the models that came with this version, and what their licences allow."""

from __future__ import annotations


def models() -> None:
    """List the bundled models with their licences."""
    from serenade.inference.model import bundled_models, load_model

    bundled = bundled_models()
    if not bundled:
        print("no model is bundled with this version; train one (serenade train) and name it: --model RUN")
    for name, file in bundled.items():
        spec = load_model(file, threads=1).spec
        corpora = ", ".join(f"{corpus['name']} ({corpus['license']})" for corpus in spec.corpora)
        print(f"{name}  version {spec.version}  licence {spec.license}  trained on {corpora}")
        print(f"  {', '.join(spec.labels)}")
