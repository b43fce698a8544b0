"""Settings, schedules, devices, threads."""

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firth import neural
from firth.errors import MissingExtraError, SettingError
from firth.neural.schedules import factor, warm
from firth.neural.training import OPTIMISERS, RATES, SCHEDULES, Training


def test_settings_need_no_torch():
    program = (
        "import sys; sys.modules['torch'] = None; import firth.neural.training as t; "
        "t.Training(rate=0.1); import firth.neural.schedules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_torch_one_sentence_says_what_to_install(monkeypatch):
    neural.need_torch()  # negative control: with it, nothing is said
    monkeypatch.setattr(neural.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        neural.need_torch("A language model")
    assert str(caught.value) == (
        "A language model needs the package 'torch', which is not installed; install it with: "
        'pip install "firth[neural]"'
    )


def test_wrong_settings():
    with pytest.raises(SettingError, match="optimiser='adma' is not one of .* Did you mean 'adam'"):
        Training(optimiser="adma")
    with pytest.raises(SettingError, match="accumulate=0 is out of range"):
        Training(accumulate=0)
    with pytest.raises(SettingError, match="average=1.0 is out of range"):
        Training(average=1.0)
    with pytest.raises(SettingError, match="minutes=-1.0 is out of range"):
        Training(minutes=-1)
    assert set(RATES) == set(OPTIMISERS)


@given(st.sampled_from(SCHEDULES), st.floats(-0.5, 1.5), st.floats(0, 0.5))
def test_the_rate_never_rises(schedule, p, more):
    here, later = factor(schedule, p), factor(schedule, p + more)
    assert 0 <= later <= here <= 1


@pytest.mark.parametrize(
    ("schedule", "p", "expected"),
    [
        ("constant", 0.9, 1.0), ("linear", 0.25, 0.75), ("linear", 1.0, 0.0), ("cosine", 0.0, 1.0),
        ("cosine", 0.5, 0.5), ("cosine", 1.0, 0.0), ("halve", 0.0, 1.0), ("plateau", 0.7, 1.0),
    ],
)  # fmt: skip
def test_schedules(schedule, p, expected):
    assert factor(schedule, p) == pytest.approx(expected)


def test_halving_is_that_of_the_paper():
    # Zaremba et al.: four epochs of thirteen at 1, each further one at half of the one before
    rates = [factor("halve", (epoch + 0.5) / 13) for epoch in range(13)]
    assert rates == [1.0] * 4 + [0.5**n for n in range(1, 10)]


def test_plateaus_and_warming_up():
    assert [factor("plateau", 0.5, n) for n in range(3)] == [1.0, 0.5, 0.25]
    assert [warm(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert warm(0, 0) == 1.0


class TestDevices:
    torch = pytest.importorskip("torch", reason="the neural half needs PyTorch")

    def test_names(self, monkeypatch):
        from firth.neural.device import device_of

        monkeypatch.setattr(self.torch.cuda, "is_available", lambda: False)
        assert device_of("auto") == device_of("cpu") == self.torch.device("cpu")
        with pytest.raises(SettingError, match="device='gpu' is no device; wanted auto, cpu"):
            device_of("gpu")
        with pytest.raises(SettingError) as caught:
            device_of("cuda")
        assert str(caught.value) == (
            "device=cuda: this machine, or this build of PyTorch, has no CUDA; give --device cpu "
            "(device='cpu')."
        )

    def test_cards_of_processes(self, monkeypatch):
        from firth.neural.device import device_of

        monkeypatch.setattr(self.torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(self.torch.cuda, "device_count", lambda: 2)
        monkeypatch.setenv("LOCAL_RANK", "1")
        assert device_of("auto") == device_of("cuda") == self.torch.device("cuda", 1)
        assert device_of("cuda:0") == self.torch.device("cuda", 0)
        monkeypatch.setenv("LOCAL_RANK", "2")
        with pytest.raises(SettingError, match="device=cuda:2: there are 2 of them"):
            device_of("cuda")

    def test_precision(self, monkeypatch):
        from firth.neural import device as devices

        cpu = self.torch.device("cpu")
        x = self.torch.ones(4, 4)
        with devices.autocast_of(cpu, "fp32"):
            assert (x @ x).dtype == self.torch.float32
        with devices.autocast_of(cpu, "bf16"):
            assert (x @ x).dtype == self.torch.bfloat16
        monkeypatch.setattr(devices, "native_bf16", lambda: True)
        assert devices.uses_bf16(cpu, "auto") and not devices.uses_bf16(cpu, "fp32")
        assert not devices.uses_bf16(self.torch.device("mps"), "auto")
        monkeypatch.setattr(devices, "native_bf16", lambda: False)
        assert devices.uses_bf16(cpu, "bf16") and not devices.uses_bf16(cpu, "auto")

    @pytest.mark.parametrize(
        ("machine", "onednn", "avx512", "amx", "native"),
        [
            ("x86_64", True, True, False, True),  # Zen 4
            ("AMD64", True, False, True, True),
            ("x86_64", True, False, False, False),  # Skylake to Ice Lake: AVX512 without it
            ("x86_64", False, False, False, False),
            ("x86_64", True, None, None, False),  # a torch that cannot tell
            ("x86_64", True, True, None, True),
            ("aarch64", True, False, False, True),  # Graviton 3: what the x86 names say is nothing
            ("aarch64", False, False, False, False),
        ],
    )
    def test_bf16_that_the_processor_has(self, monkeypatch, machine, onednn, avx512, amx, native):
        from firth.neural import device as devices

        def says(answer):
            return None if answer is None else lambda: answer

        monkeypatch.setattr("platform.machine", lambda: machine)
        ops = type("Ops", (), {"_is_mkldnn_bf16_supported": staticmethod(lambda: onednn)})
        monkeypatch.setattr(devices.torch.ops, "mkldnn", ops)
        cpu = devices.torch.cpu
        monkeypatch.setattr(cpu, "_is_avx512_bf16_supported", says(avx512), raising=False)
        monkeypatch.setattr(cpu, "_is_amx_tile_supported", says(amx), raising=False)
        assert devices.native_bf16() == native

    def test_threads(self, monkeypatch):
        from firth.neural import device as devices

        assert devices.threads_of(3) == 3
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        assert devices.threads_of(0) == self.torch.get_num_threads()
        monkeypatch.delenv("OMP_NUM_THREADS")
        monkeypatch.setattr(devices, "cores", lambda: 8)
        for idle, threads in [(7.8, 8), (3.2, 3), (0.1, 1), (9.0, 8)]:
            monkeypatch.setattr(devices, "idle_cores", lambda idle=idle: idle)
            assert devices.threads_of(0) == threads
        before = self.torch.get_num_threads()
        with devices.with_threads(before + 1):
            assert self.torch.get_num_threads() == before + 1
        assert self.torch.get_num_threads() == before

    def test_cores(self):
        from firth.neural import device as devices

        assert 1 <= devices.cores() <= (os.cpu_count() or 1)
        assert 0 <= devices.idle_cores(0.05) <= (os.cpu_count() or 1)

    def test_busy_cores_are_seen(self, monkeypatch):
        from firth.neural import device as devices

        # core 0 idle, core 1 busy, core 2 half
        ticks = iter([
            {"cpu0": (0, 0), "cpu1": (5, 100), "cpu2": (7, 100)},
            {"cpu0": (20, 20), "cpu1": (5, 120), "cpu2": (17, 120)},
        ])  # fmt: skip
        monkeypatch.setattr(devices, "_jiffies", lambda: next(ticks))
        assert devices.idle_cores(0) == 1.5
        monkeypatch.setattr(devices, "_jiffies", lambda: None)
        assert devices.idle_cores(0) == devices.cores()


def test_every_setting_has_a_meaning():
    import dataclasses

    for field in dataclasses.fields(Training):
        assert field.metadata["meaning"], field.name
    assert math.isclose(Training().clip_norm, 0.25)
