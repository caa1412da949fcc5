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


def test_a_key_in_both_options_and_an_impossible_setting_are_named(serenade, stored, recipe_file, tmp_path):
    command = ["sweep", recipe_file, "--store", stored, "--out", tmp_path / "sweep"]
    ran = serenade(*command, "--grid", "training.epochs=1,2", "--set", "training.epochs=3")
    assert ran.is_one_sentence()
    assert "training.epochs is in --grid and in --set; name it once" in ran.stderr
    ran = serenade(*command, "--grid", "network.options.depth=1,2")
    assert ran.status == 1
    assert "Traceback" not in ran.stderr
    last = ran.stderr.strip().splitlines()[-1]
    assert f"{recipe_file}: with network.options.depth=1: " in last
    assert not list((tmp_path / "sweep").glob("*"))
