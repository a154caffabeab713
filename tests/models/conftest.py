"""Small models and tokenizers, with and without verdict tokens; weights are scaled up so that they prefer something."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

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


# --- one tiny model of each family that keeps a state ---

SMALL: dict[str, Any] = {"vocab_size": 97, "hidden_size": 32, "use_cache": True}
BOTH: dict[str, Any] = {**SMALL, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2}
FAMILIES: dict[str, dict[str, Any]] = {
    "mamba": {**SMALL, "state_size": 8, "num_hidden_layers": 3},
    "falcon_mamba": {**SMALL, "state_size": 8, "num_hidden_layers": 3},
    "mamba2": {
        **SMALL, "num_heads": 8, "head_dim": 8, "n_groups": 2, "state_size": 8, "num_hidden_layers": 3, "chunk_size": 8,
    },
    "jamba": {
        **BOTH, "num_hidden_layers": 4, "attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2,
        "expert_layer_period": 2, "mamba_d_state": 8, "mamba_dt_rank": 4, "initializer_range": 0.3,
    },
    "bamba": {
        **BOTH, "num_hidden_layers": 3, "attn_layer_indices": [1], "mamba_n_heads": 8, "mamba_d_head": 8,
        "mamba_n_groups": 2, "mamba_d_state": 8, "mamba_chunk_size": 8,
    },
    "llama": {**BOTH, "num_hidden_layers": 2},
    "mistral": {**BOTH, "num_hidden_layers": 2, "sliding_window": 12},
}  # fmt: skip


@pytest.fixture
def families() -> Any:
    """Makes a tiny model of a family, in evaluation mode and with larger matrices."""

    def made(family: str, seed: int = 0) -> Any:
        settings = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, **FAMILIES[family]}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            lm: Any = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings))
        with torch.no_grad():
            for name, weight in lm.named_parameters():
                if weight.ndim == 2 and "A_log" not in name:
                    weight.mul_(3.0)
        return lm.eval()

    with torch.no_grad():
        yield made


@pytest.fixture
def ids() -> torch.Tensor:
    return torch.randint(3, 97, (2, 40), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def read() -> Any:
    """Reads ids on top of a cache, with positions from ``start`` where the family has them; gives the logits."""

    def logits(lm: Any, ids: torch.Tensor, cache: Any, start: int = 0, mask: Any = None, position: Any = None) -> Any:
        names = inspect.signature(lm.forward).parameters
        more = {"cache_params" if "cache_params" in names else "past_key_values": cache}
        if "position_ids" in names:
            columns = torch.arange(start, start + ids.shape[1]).expand(len(ids), -1)
            more["position_ids"] = columns if position is None else position
        return lm(input_ids=ids, attention_mask=mask, use_cache=True, **more).logits

    return logits
