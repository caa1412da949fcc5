"""Fitting of the domain check."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from serenade import load_model, train
from serenade.folders import RunFolder
from serenade.networks.weights import load_network
from serenade.training.domain import fit_domain


@pytest.fixture(scope="module")
def clips():
    """Two corpora of ten speakers each, 30 wide, with different means."""
    rng = np.random.default_rng(0)
    corpora = np.repeat(["a", "b"], 600)
    speakers = np.repeat(np.arange(20), 60)
    offsets = np.where(corpora == "a", -8, 8)[:, None] * np.eye(1, 30)
    embeddings = offsets + 0.5 * rng.normal(size=(20, 30))[speakers] + rng.normal(size=(1200, 30))
    return embeddings.astype(np.float32), corpora.astype(object), speakers.astype(object)


def test_one_in_a_hundred_clips_of_held_out_speakers_is_beyond_the_limit(clips):
    check, domain = fit_domain(*clips)
    assert (domain.centres, domain.components, domain.speakers, domain.clips) == (2, 16, 4, 240)
    held = np.isin(clips[2], [2, 7, 12, 17])
    distances = check(torch.from_numpy(clips[0])).numpy()
    assert (distances[held] > 1).mean() == pytest.approx(0.01, abs=0.005)
    assert (distances[~held] > 1).mean() < 0.1


def test_what_is_between_the_corpora_is_outside(clips):
    check, _ = fit_domain(*clips)
    between = np.random.default_rng(1).normal(size=(50, 30)).astype(np.float32)
    aside = between + 9 * np.eye(1, 30, 5, dtype=np.float32)
    assert (check(torch.from_numpy(between)) > 1).all()
    assert (check(torch.from_numpy(aside)) > 1).all()


def test_few_clips_or_speakers_have_no_check(clips):
    embeddings, corpora, speakers = clips
    assert fit_domain(embeddings[:90], corpora[:90], np.arange(90).astype(object)) is None
    assert fit_domain(embeddings[:240], corpora[:240], speakers[:240]) is None


def test_a_trained_model_has_a_check_with_its_limit_on_dev_speakers(make_store, tiny, tmp_path):
    store = make_store(tmp_path / "store", speakers=15, clips=4)
    run = train(tiny(data={"split": "grouped-3", "fold": 1}), store=store, out=tmp_path / "run")
    network, spec = load_network(run.folder)
    dev = [row for row in RunFolder(run.folder).read_split() if row.part == "dev"]
    assert (spec.domain.clips, spec.domain.speakers) == (len(dev), len({row.speaker for row in dev}))
    assert spec.domain.centres == 1
    assert network.domain.projection.shape == (16, network.width)
    noise = np.random.default_rng(0).normal(scale=0.3, size=16_000).astype(np.float32)
    rows = load_model(run.folder)._graph.rows([noise])
    assert rows.shape == (1, 4)
    assert rows[0, 3] > 0


def test_the_models_of_folds_have_none(make_store, tiny, tmp_path, bare):
    store = make_store(tmp_path / "store", speakers=15, clips=4)
    recipe = tiny(data={"split": "grouped-3", "fold": 0}, training={"epochs": 1})
    run = train(recipe, store=store, out=tmp_path / "run", refit=True)
    folds = RunFolder(run.folder).fold_runs()
    assert [load_network(fold.path)[1].domain for fold in folds] == [None] * 3
    assert load_network(run.folder)[1].domain is not None
