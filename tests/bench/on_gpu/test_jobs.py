"""What is measured on a GPU, and in which order."""

import json

import pytest

from nnlite.bench.on_gpu.cases import networks
from nnlite.bench.on_gpu.jobs import (
    COMPILED,
    EAGER,
    EAGER_LAST,
    FLOAT32,
    FLOORS,
    LAYERS,
    NNLITE,
    NO_GRAPH,
    STEPS,
    TF32,
    TUNED,
    Job,
    measurements,
)

CASES = networks(['resnet-20', 'convnet-20', 'resnet-18', 'convnet-18'])


def of(jobs):
    return [(*job.name_and_batch, job.contestant) for job in jobs if job.what == STEPS]


def test_most_important_come_first():
    jobs = measurements(CASES, 'cuda:0', with_pytorch=True)
    resnets = ('resnet-20', 128), ('resnet-18', 128), ('resnet-18', 256)
    twins = [(name.replace('res', 'conv'), batch) for name, batch in resnets]
    everyone = [NNLITE, EAGER, EAGER_LAST, COMPILED, NO_GRAPH]
    assert of(jobs[:15]) == [(*case, contestant) for case in resnets for contestant in everyone]
    assert [job.what for job in jobs[15:18]] == [FLOORS, LAYERS, LAYERS]
    assert of(jobs[18:33]) == [(*case, contestant) for case in twins for contestant in everyone]
    assert of(jobs[33:]) == [(*case, TUNED) for case in (*resnets, *twins)]
    assert {job.precision for job in jobs} == {TF32}


def test_without_pytorch_nnlite_is_measured_alone():
    jobs = measurements(CASES, 'cuda:0', with_pytorch=False)
    assert {job.contestant for job in jobs} == {NNLITE, NO_GRAPH}
    assert [job.what for job in jobs].count(LAYERS) == 1


def test_exact_products_come_last_and_are_not_compiled():
    jobs = measurements(CASES, 'cuda:0', with_pytorch=True, precise=True)
    exact = [job for job in jobs if job.precision == FLOAT32]
    assert jobs[-len(exact) :] == exact and len(exact) == 6 * 3
    assert {job.contestant for job in exact} == {NNLITE, EAGER, EAGER_LAST}


def test_only_what_tries_kernels_has_longer():
    jobs = measurements(CASES, 'cuda:0', with_pytorch=True, compiling=600)
    assert {job.limit == 600 for job in jobs if job.contestant == TUNED} == {True}
    assert max(job.limit for job in jobs if job.contestant != TUNED) < 600


@pytest.mark.parametrize('batch, batches', [(None, [128, 128, 256, 128, 128, 256]), (64, [64] * 4)])
def test_batches(batch, batches):
    cases = networks(['convnet-20', 'resnet-20', 'resnet-18', 'convnet-18'], batch)
    assert [case.batch for case in cases] == batches
    assert [case.network for case in cases] == sorted((case.network for case in cases), reverse=True)


def test_a_job_reaches_its_process_as_it_is():
    for job in measurements(CASES, 'cuda:1', with_pytorch=True):
        assert Job(**json.loads(job.to_json())) == job


def test_a_job_in_words():
    job = measurements(CASES, 'cuda:0', with_pytorch=True)[0]
    assert str(job) == 'steps of resnet-20, batch 128: nnlite, TF32'
    assert str(Job(LAYERS, EAGER_LAST, 'cuda:0')) == 'layers: PyTorch channels-last, TF32'
