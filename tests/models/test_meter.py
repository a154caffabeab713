"""What a model has computed is counted as it is computed."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from forethought.models import Model, train_tokenizer, training_texts
from forethought.models.meter import Meter


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.from_scratch("nano", tokenizer=train_tokenizer(training_texts(["errand"], [1], episodes=10), 400))


def read(model: Model, rows: int = 3, length: int = 40) -> None:
    ids_BT = torch.zeros((rows, length), dtype=torch.long)
    model.lm(input_ids=ids_BT, use_cache=False).logits.sum().backward()


def test_a_forward_and_backward_pass_count_as_a_profiler_counts_them(model: Model) -> None:
    meter = Meter()
    with meter.on(model):
        read(model)
    with FlopCounterMode(display=False) as counted:
        read(model)
    assert meter.flops == pytest.approx(counted.get_total_flops(), rel=0.1)


def test_reading_without_gradients_counts_a_third_and_nothing_counts_when_off(model: Model) -> None:
    learned, imagined = Meter(), Meter()
    with learned.on(model):
        read(model)
    with imagined.on(model), torch.inference_mode():
        model.lm(input_ids=torch.zeros((3, 40), dtype=torch.long), use_cache=False)
    assert learned.flops == 3 * imagined.flops > 0
    before = imagined.flops
    read(model)
    assert imagined.flops == before


def test_what_continues_from_a_cache_looks_back_at_all_of_it(model: Model) -> None:
    def counted(before: int) -> int:
        meter = Meter()
        with torch.inference_mode():
            cache = model.lm(input_ids=torch.zeros((1, before), dtype=torch.long), use_cache=True).past_key_values
            with meter.on(model):
                model.lm(input_ids=torch.zeros((1, 1), dtype=torch.long), past_key_values=cache, use_cache=True)
        return meter.flops

    width, layers = model.lm.config.hidden_size, model.lm.config.num_hidden_layers
    assert counted(30) - counted(10) == 4 * width * layers * 20


def test_imagining_counts_and_latent_dynamics_too(model: Model) -> None:
    meter = Meter(100)
    with meter.on(model), torch.inference_mode():
        model.imagine([model.transcript.opening("Go.", "You are at home.")], [["walk to the car wash"]])
    assert meter.flops > 100
    latent = Model.from_scratch("nano", tokenizer=model.tokenizer)
    latent.with_latent(2, 0)
    assert latent.latent is not None
    first = next(m for m in latent.latent.modules() if isinstance(m, torch.nn.Linear))
    meter = Meter()
    with meter.on(latent), torch.inference_mode():
        first(torch.zeros(5, first.in_features))
    assert meter.flops == 2 * 5 * first.in_features * first.out_features
