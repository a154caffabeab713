"""Small models and tokenizers, with and without verdict tokens; weights are scaled up so that they prefer something."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from forethought.models import Model, train_tokenizer, training_texts
from forethought.models.tokenizer import CHAT_TEMPLATE, SPECIAL


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return list(training_texts(["errand"], [1], episodes=40))


@pytest.fixture(scope="session")
def tokenizer(texts: list[str]) -> Any:
    return train_tokenizer(texts, 600)


@pytest.fixture(scope="session")
def plain_tokenizer(texts: list[str]) -> Any:
    """As a pretrained model's: a verdict is a phrase of several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(sorted(texts), trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        extra_special_tokens=list(SPECIAL[2:]),
        chat_template=CHAT_TEMPLATE,
    )


def larger(model: Model, by: float = 3.0) -> Model:
    """The model with larger matrices, so that its choices are no near ties."""
    with torch.no_grad():
        for parameter in model.lm.parameters():
            if parameter.ndim == 2:
                parameter.mul_(by)
    model.lm.eval()
    return model


@pytest.fixture(scope="session")
def decided() -> Any:
    return larger


@pytest.fixture(scope="session")
def llama(tokenizer: Any) -> Model:
    return larger(Model.from_scratch("nano", tokenizer=tokenizer))


@pytest.fixture(scope="session")
def mamba2(tokenizer: Any) -> Model:
    return larger(Model.from_scratch("nano", tokenizer=tokenizer, architecture="mamba2"))


@pytest.fixture(params=["llama", "mamba2"])
def either(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)
