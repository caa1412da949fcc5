"""`serenade sweep`: two settings of a tiny recipe."""

from __future__ import annotations


def test_a_sweep_is_printed_and_continued(serenade, stored, recipe_file, tmp_path):
    command = (
        "sweep",
        recipe_file,
        "--store",
        stored,
        "--grid",
        "training.learning_rate=1e-3,1e-2",
        "--out",
        tmp_path,
    )
    ran = serenade(*command)
    assert ran.status == 0, ran.stderr
    assert "1/2  training.learning_rate=1e-3" in ran.stderr
    assert "Best on dev: training.learning_rate=1e-" in ran.stdout
    assert ran.stdout.splitlines()[-1] == str(tmp_path / "sweep.png")
    again = serenade(*command)
    assert again.stdout == ran.stdout
    assert serenade(
        "sweep", recipe_file, "--store", stored, "--grid", "training.epochs", "--out", tmp_path
    ).is_one_sentence()
    assert serenade("sweep", recipe_file, "--store", stored).status == 2
