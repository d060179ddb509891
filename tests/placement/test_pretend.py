"""The pretend accelerator takes and refuses what CUDA does, and computes what the CPU computes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from .pretend import FIRST, SECOND, Pretend, moved


def there(*shape: int, device: torch.device = FIRST) -> Tensor:
    return torch.arange(1.0, 1.0 + torch.Size(shape).numel()).reshape(shape).to(device)


MIXED: dict[str, Callable[[], Any]] = {
    "a sum": lambda: there(2) + torch.ones(2),
    "a sum in place": lambda: there(2).add_(torch.ones(2)),
    "a sum in place on the CPU": lambda: torch.ones(2).add_(there(2)),
    "a number in place on the CPU": lambda: torch.ones(()).add_(there(1)[0]),
    "a product": lambda: torch.ones(2, 2) @ there(2, 2),
    "two devices": lambda: there(2) + there(2, device=SECOND),
    "a number of another device": lambda: there(2) + there(1, device=SECOND)[0],
    "a list": lambda: torch.cat([there(2), torch.ones(2)]),
    "an embedding": lambda: nn.functional.embedding(torch.tensor([0]), there(2, 2)),
    "rows by a CPU index": lambda: there(2, 2).index_select(0, torch.tensor([0])),
    "a gather by a CPU index": lambda: there(2, 2).gather(0, torch.tensor([[0, 1]])),
    "a CPU tensor at an index from there": lambda: torch.ones(2)[there(1).long()],
    "a CPU tensor at a mask from there": lambda: torch.ones(2)[there(2) > 1],
    "an index of another device": lambda: there(2)[there(1, device=SECOND).long()],
    "CPU values put in": lambda: there(2).index_put_((torch.tensor([0, 1]),), torch.ones(2)),
    "a comparison": lambda: torch.equal(there(2), torch.ones(2)),
    "a CPU generator": lambda: torch.rand(2, generator=torch.Generator(), device=FIRST),
}


@pytest.mark.parametrize("name", MIXED)
def test_refused(name: str) -> None:
    with pytest.raises(RuntimeError, match="expected"):
        MIXED[name]()


def test_numpy_is_refused() -> None:
    with pytest.raises((RuntimeError, TypeError)):
        there(2).numpy()


def test_taken() -> None:
    one = there(3)
    assert (one * torch.tensor(2.0)).tolist() == [2, 4, 6]
    assert one[torch.tensor([2, 0])].tolist() == [3, 1]
    assert one[torch.tensor([False, True, True])].tolist() == [2, 3]
    one[torch.tensor([0])] = 7.0
    one[torch.tensor([1])] = torch.tensor(8.0)
    assert one.tolist() == [7, 8, 3]
    assert one.copy_(there(3, device=SECOND)).tolist() == [1, 2, 3]
    assert torch.zeros(3).copy_(one).tolist() == [1, 2, 3]
    assert (one.to(SECOND) + there(3, device=SECOND)).device == SECOND


def test_factories_and_moves() -> None:
    for made in (
        torch.tensor([1, 2], device=FIRST),
        torch.arange(3, device="lazy:0"),
        there(2).new_zeros(2),
        torch.zeros_like(torch.ones(2), device=FIRST),
        nn.Parameter(there(2)),
    ):
        assert isinstance(made, Pretend) and made.device == FIRST
    for back in (there(2).cpu(), there(2).to("cpu", torch.float64), torch.zeros_like(there(2), device="cpu")):
        assert not isinstance(back, Pretend) and back.device.type == "cpu"
    same = there(2)
    assert same.to(FIRST) is same and same.cpu().add_(1).tolist() == [2, 3] and same.tolist() == [1, 2]


def test_views_share_what_they_look_at() -> None:
    weight = nn.Parameter(there(2, 3), requires_grad=False)
    view = weight.T
    view[0].add_(10)
    with torch.no_grad():
        weight[1].copy_(there(3, device=SECOND))
    assert view.tolist() == [[11, 1], [2, 2], [3, 3]]
    assert weight.add_(1) is weight


def test_gradients_cross_devices() -> None:
    for on in (FIRST, torch.device("cpu")):
        x = torch.arange(4.0).reshape(2, 2).to(on).requires_grad_()
        y = (x @ x).to(SECOND if on == FIRST else on).exp().to(on)
        (gradient,) = torch.autograd.grad((y[:, :1] * x).sum(), x)
        assert gradient.device == on
        if on == FIRST:
            first = gradient.cpu()
    assert torch.allclose(first, gradient)


def test_tied_weights_stay_tied() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    moved(model, FIRST)
    assert model[1].weight is model[0].weight and model(there(1, 2)).device == FIRST
