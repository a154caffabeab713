"""Configs refuse what they do not know and say what was meant."""

import pytest

from forethought.config import TrainConfig
from forethought.errors import BadConfig, BadSetting, UnknownName


def test_a_misspelt_setting_and_a_misspelt_choice_get_the_nearest_one():
    with pytest.raises(UnknownName, match="setting 'sede' is not known; did you mean 'seed'"):
        TrainConfig.of(sede=1)
    with pytest.raises(UnknownName, match="arm 'developmentel' is not known; did you mean 'developmental'"):
        TrainConfig.of(arm="developmentel")


def test_a_value_out_of_range_or_of_another_kind_is_shown_with_its_setting():
    with pytest.raises(BadSetting, match="'level': got 0"):
        TrainConfig.of(level=0)
    with pytest.raises(BadSetting, match="'arm': got 3"):
        TrainConfig.of(arm=3)


def test_a_config_of_another_version_says_what_to_do():
    with pytest.raises(BadConfig, match=r"version 99.*new run folder"):
        TrainConfig.of(version=99)


def test_differences_name_the_settings_with_both_values():
    assert TrainConfig.of(seed=1).differences(TrainConfig.of(seed=2)) == {"seed": (1, 2)}
